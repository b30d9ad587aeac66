"""Five-layer CNN of the study of double descent: its counts for any k, and its outputs against plain numpy."""

import numpy as np
import pytest
from plain_numpy import random_weights, windows

import keras_dl


@pytest.mark.parametrize("k", [1, 12, 64])
def test_counts(k):
    description = keras_dl.describe("nakkiran_cnn5", k=k)
    convolutions = 9 * (3 * k + 2 * k**2 + 8 * k**2 + 32 * k**2) + 15 * k
    dense = 8 * k * 10 + 10
    assert description.trainable_parameters == convolutions + 2 * 15 * k + dense
    assert description.parameters == description.trainable_parameters + 2 * 15 * k
    if k == 64:
        assert (description.trainable_parameters, description.parameters) == (1558026, 1559946)


@pytest.mark.parametrize("size", [(32, 32), (9, 6)])
def test_outputs_are_those_of_the_definition(size):
    model = keras_dl.build("nakkiran_cnn5", k=2, classes=4, input_shape=(*size, 3))
    weights = random_weights(model)
    image = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype("float32")
    x = image / 127.5 - 1
    for stage, pool in ((1, 1), (2, 2), (3, 2), (4, min(size) // 4)):
        name = f"stage{stage}"
        x = np.tensordot(windows(x, 3), weights[f"{name}_conv/kernel"], 3) + weights[f"{name}_conv/bias"]
        gamma, beta, mean, variance = (
            weights[f"{name}_norm/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        x = np.maximum(gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta, 0)
        rows, columns = (n // pool for n in x.shape[:2])
        x = x[: rows * pool, : columns * pool].reshape(rows, pool, columns, pool, -1).max(axis=(1, 3))
    expected = x.max(axis=(0, 1)) @ weights["head/kernel"] + weights["head/bias"]
    np.testing.assert_allclose(model(image[None])[0], expected, atol=1e-4 * np.abs(expected).max())


def test_pools_need_four_pixels():
    with pytest.raises(keras_dl.UsageError, match="input 3x32 is too small .* use at least 4x4"):
        keras_dl.get_config("nakkiran_cnn5", input_shape=(3, 32, 3))
    assert keras_dl.build("nakkiran_cnn5", k=1, input_shape=(4, 4, 3)).output_shape == (None, 10)
