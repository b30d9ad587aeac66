"""Small AlexNet of the memorisation study: its count and its outputs against plain numpy."""

import numpy as np
import pytest
from plain_numpy import random_weights, windows

import keras_dl


def test_the_published_count():
    description = keras_dl.describe("zhang_small_alexnet")
    assert description.trainable_parameters == description.parameters == 1387786
    dense = {layer.name: layer for layer in description.layers}["stage3_dense"]
    assert dense.parameters == (7 * 7 * 64 + 1) * 384


def test_outputs_are_those_of_the_definition():
    config = keras_dl.get_config("zhang_small_alexnet", filters=(12, 5), units=(6, 4), input_shape=(9, 6, 3), classes=4)
    model = config.build()
    weights = random_weights(model)
    image = np.random.default_rng(1).integers(0, 256, (9, 6, 3)).astype("float32")
    x = image / 127.5 - 1
    for stage in (1, 2):
        kernel, bias = (weights[f"stage{stage}_conv/{part}"] for part in ("kernel", "bias"))
        x = np.maximum(np.tensordot(windows(x, 5), kernel, 3) + bias, 0)
        x = windows(x, 3, 2, -np.inf).max(axis=(2, 3))
        squares = [(x[..., max(0, i - 4) : i + 5] ** 2).sum(axis=-1) for i in range(x.shape[-1])]
        x = x / (1 + 0.001 / 9 * np.stack(squares, axis=-1)) ** 0.75
    x = x.ravel()
    for stage in (3, 4):
        x = np.maximum(x @ weights[f"stage{stage}_dense/kernel"] + weights[f"stage{stage}_dense/bias"], 0)
    expected = x @ weights["head/kernel"] + weights["head/bias"]
    np.testing.assert_allclose(model(image[None])[0], expected, atol=1e-4 * np.abs(expected).max())


def test_pools_need_three_pixels():
    with pytest.raises(keras_dl.UsageError, match="input 28x2 is too small .* use at least 3x3"):
        keras_dl.get_config("zhang_small_alexnet", input_shape=(28, 2, 3))
    config = keras_dl.get_config("zhang_small_alexnet", input_shape=(3, 3, 3))
    assert config.build().get_layer("stage2_norm").output.shape == (None, 1, 1, 64)
