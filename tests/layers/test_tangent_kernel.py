"""The kernel of infinitely wide networks against that of one very wide network, and its stored examples."""

import keras
import numpy as np
import pytest

from keras_dl.layers import TangentKernel
from keras_dl.recipes.neural_tangent_kernel import limiting_kernel

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(6, 5))


def kernel(depth, examples=X):
    layer = TangentKernel(len(examples), depth, dtype="float64")
    layer.build((None, 5))
    layer.remember(examples)
    return layer


@pytest.mark.parametrize("depth", [0, 1, 2, 4])
def test_it_is_that_of_the_recipe(depth):
    np.testing.assert_allclose(kernel(depth)(X), limiting_kernel(X, depth), rtol=1e-7, atol=1e-9)


def test_it_is_the_mean_over_random_rectifiers():
    """By one hidden layer: the output's part is the mean of r(wx) r(wc), the other x c times that of r'(wx) r'(wc)."""
    directions = GENERATOR.normal(size=(400_000, 5)) * np.sqrt(2 / 5)
    hidden = X @ directions.T
    active = (hidden > 0).astype("float64")
    hidden = hidden * active
    count = len(directions)
    outputs, inputs = 2 / count * hidden @ hidden.T, 2 / 5 * X @ X.T * (2 / count * active @ active.T)
    np.testing.assert_allclose(kernel(1)(X), outputs + inputs, rtol=0.02, atol=0.02)


def test_an_input_of_zeros_has_no_tangent():
    found = kernel(2)(np.zeros((1, 5)))
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_what_is_stored_is_a_weight_that_does_not_learn(tmp_path):
    inputs = keras.Input((5,), dtype="float64")
    model = keras.Model(inputs, TangentKernel(6, 2, dtype="float64", name="kernel")(inputs))
    assert not model.trainable_weights and model.count_params() == 30
    assert np.std(model.get_layer("kernel").examples) > 0.5
    model.get_layer("kernel").remember(X)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(X), model(X))
