"""The deep belief network as a classifier: the definition in plain numpy, its two counts."""

import numpy as np
from plain_numpy import random_weights
from scipy.special import expit

import keras_dl

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 1)).astype("float32")


def test_outputs_are_those_of_the_definition():
    model = keras_dl.get_config("dbn", input_shape=(3, 2, 1), units=(4, 3, 5), classes=2).build()
    w, x = random_weights(model), IMAGES.reshape(5, 6) / 255
    for stage in (1, 2, 3):
        x = expit(x @ w[f"stage{stage}/kernel"] + w[f"stage{stage}/bias"])
    np.testing.assert_allclose(model(IMAGES), x @ w["head/kernel"] + w["head/bias"], rtol=1e-5, atol=1e-5)


def test_sizes():
    """Those of the classifier, and of the three machines, of which the last one sees the classes."""
    found = keras_dl.describe("dbn")
    assert found.trainable_parameters == 1_665_010
    machines = [784 * 500 + 784 + 500, 500 * 500 + 500 + 500, 510 * 2000 + 510 + 2000]
    assert machines == [393_284, 251_000, 1_022_510]
    assert found.parameters == sum(machines) == 1_666_794
    assert found.multiply_adds == 784 * 500 + 500 * 500 + 510 * 2000
