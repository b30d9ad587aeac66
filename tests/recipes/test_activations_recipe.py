"""Gradients fade in sigmoids, and a ReLU that never fires stays as it is to the bit, in a short run."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.recipes.activations import Activations


@pytest.fixture(autouse=True)
def _without_graphs():
    tf.config.run_functions_eagerly(True)  # a graph takes longer to make than these few steps
    yield
    tf.config.run_functions_eagerly(False)


def test_gradients_and_dead_units(tmp_path):
    results, claims = short_run(Activations(out=str(tmp_path), seeds=1, steps=20))
    assert [claim.held for claim in claims[1:6]] == [True] * 5, "gradients before training need no training"
    assert results.values("dead", part="dead") == pytest.approx(1.0)
    for slope in (0.2, 0.01):
        assert results.values("change", part="dead", slope=slope) > 1e-3, "a leaky unit moves"
    derivative = results.values("derivative", part="gradients", activation="leaky_relu")[0]
    assert set(np.round(derivative, 6)) == {0.2, 1.0}


def test_leaky_relu_is_the_larger_of_x_and_a_x():
    x = np.linspace(-3, 3, 13).astype("float32")
    for slope in (0.2, 0.01):
        leaky = keras.ops.convert_to_numpy(keras.activations.leaky_relu(x, negative_slope=slope))
        np.testing.assert_allclose(leaky, np.maximum(slope * x, x), rtol=1e-6)


@pytest.mark.parametrize(
    ("option", "words"),
    [({"steps": 0}, "steps must be at least 1, got 0"), ({"learning_rate": -1.0}, "learning_rate must be above 0")],
)
def test_options_that_cannot_run(option, words):
    with pytest.raises(UsageError, match=words):
        Activations(**option)
