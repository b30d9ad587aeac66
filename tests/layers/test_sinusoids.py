"""Waves of positions: their formula, lower precision, saving."""

import keras
import numpy as np
import pytest

from keras_dl.layers import Sinusoids

X = np.random.default_rng(0).normal(size=(2, 5, 6)).astype("float32")


def test_each_number_has_the_sine_or_cosine_of_its_place():
    found = np.asarray(Sinusoids()(X))
    for place in range(5):
        for pair in range(3):
            angle = place / 10000 ** (2 * pair / 6)
            for number, wave in ((2 * pair, np.sin(angle)), (2 * pair + 1, np.cos(angle))):
                expected = X[:, place, number] * 6**0.5 + wave
                np.testing.assert_allclose(found[:, place, number], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "float16"])
def test_it_keeps_the_precision(precision):
    layer = Sinusoids(dtype=precision)
    found = layer(X)
    assert keras.backend.standardize_dtype(found.dtype) == layer.compute_dtype
    np.testing.assert_allclose(np.asarray(found, "float32"), Sinusoids()(X), rtol=0.02, atol=0.02)


def test_a_saved_model_gives_the_same_outputs(tmp_path):
    inputs = keras.Input((5, 6))
    model = keras.Model(inputs, Sinusoids()(inputs))
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(X), model(X))
