"""Boltzmann machines as networks: the definition in plain numpy, the sizes they are published with."""

import numpy as np
from plain_numpy import random_weights
from scipy.special import expit

import keras_dl

SIZE = {"input_shape": (3, 2, 1), "units": (4, 3), "rounds": 2}
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 1)).astype("float32")


def test_outputs_are_those_of_the_definition():
    model = keras_dl.get_config("dbm", **SIZE).build()
    w = {path.rpartition("/")[2]: value for path, value in random_weights(model).items()}
    first, second, x = w["stage1_kernel"], w["stage2_kernel"], IMAGES.reshape(5, 6) / 255
    one = expit(2 * x @ first + w["stage1_bias"])
    two = expit(one @ second + w["stage2_bias"])
    for _ in range(2):
        one = expit(x @ first + two @ second.T + w["stage1_bias"])
        two = expit(one @ second + w["stage2_bias"])
    visible = (one @ first.T + w["visible_bias"]).reshape(5, 3, 2, 1)
    outputs = model(IMAGES)
    for name, expected in {"hidden1": one, "hidden2": two, "visible": visible}.items():
        np.testing.assert_allclose(outputs[name], expected, rtol=1e-5, atol=1e-5)


def test_what_represents_an_input_is_its_highest_layer():
    config = keras_dl.get_config("dbm", **SIZE)
    model = config.build()
    np.testing.assert_array_equal(config.representation(model)(IMAGES), model(IMAGES)["hidden2"])


def test_sizes():
    assert keras_dl.describe("rbm").parameters == 784 * 500 + 784 + 500 == 393_284
    assert keras_dl.describe("dbm").parameters == 784 * 500 + 500 * 1000 + 784 + 500 + 1000 == 894_284
    assert keras_dl.describe("rbm").multiply_adds == 2 * 784 * 500
