"""Small Inception of the memorisation study: its counts, its maps, and its outputs against plain numpy."""

import numpy as np
import pytest
from plain_numpy import random_weights, windows

import keras_dl
from keras_dl import surgery


def test_the_published_count_is_the_trainable_one():
    description = keras_dl.describe("zhang_small_inception")
    assert (description.trainable_parameters, description.parameters) == (1649402, 1652826)


def test_maps_are_halved_twice():
    model = keras_dl.build("zhang_small_inception")
    shapes = {stage: tensor.shape[1:] for stage, tensor in surgery.features(model).output.items()}
    assert shapes == {"stem": (28, 28, 96), "stage1": (28, 28, 80), "stage2": (14, 14, 144), "stage3": (7, 7, 336)}


def test_outputs_are_those_of_the_definition():
    config = keras_dl.get_config(
        "zhang_small_inception", stem_filters=3, row1=(2, 3), row2=(3, 2, 2, 4), row3=(4, 3), downsampling=(2, 5),
        input_shape=(10, 7, 3), classes=4,
    )  # fmt: skip
    model = config.build()
    weights = random_weights(model)

    def convolution(x, name, stride=1):
        kernel = weights[f"{name}_conv/kernel"]
        beta, mean, variance = (weights[f"{name}_norm/{part}"] for part in ("beta", "moving_mean", "moving_variance"))
        x = np.tensordot(windows(x, len(kernel), stride), kernel, 3)
        return np.maximum((x - mean) / np.sqrt(variance + 1e-3) + beta, 0)

    image = np.random.default_rng(1).integers(0, 256, (10, 7, 3)).astype("float32")
    x = convolution(image / 127.5 - 1, "stem")
    for stage, blocks in ((1, 1), (2, 2), (3, 1)):
        if stage > 1:
            largest = windows(x, 3, 2, -np.inf).max(axis=(2, 3))
            x = np.concatenate([convolution(x, f"stage{stage}_downsample_3x3", 2), largest], axis=-1)
        for block in range(1, blocks + 1):
            name = f"stage{stage}_block{block}"
            x = np.concatenate([convolution(x, f"{name}_1x1"), convolution(x, f"{name}_3x3")], axis=-1)
    expected = x.mean(axis=(0, 1)) @ weights["head/kernel"] + weights["head/bias"]
    np.testing.assert_allclose(model(image[None])[0], expected, atol=1e-4 * np.abs(expected).max())


def test_a_module_needs_two_numbers_of_filters():
    message = "row2 must name two numbers of filters for each module, 1x1 and 3x3, got 3 numbers; use 2 or 4"
    with pytest.raises(keras_dl.UsageError, match=message):
        keras_dl.get_config("zhang_small_inception", row2=(8, 8, 8))
    with pytest.raises(keras_dl.UsageError, match="input 2x28 is too small .* use at least 3x3"):
        keras_dl.get_config("zhang_small_inception", input_shape=(2, 28, 3))
