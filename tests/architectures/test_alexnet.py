"""AlexNet: the paper's layers and units, two towers against plain numpy, what it refuses."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import keras_dl
from keras_dl import surgery


def test_layers_have_the_sizes_of_the_paper():
    layers = {layer.name: layer for layer in keras_dl.describe("alexnet").layers}
    counts = [layer.parameters for layer in layers.values() if layer.parameters]
    assert counts == [34944, 307456, 885120, 663936, 442624, 37752832, 16781312, 4097000]
    shapes = [layers[name].output_shape for name in ("stage1_conv", "stage1_pool", "stage2_pool", "stage5_pool")]
    assert shapes == [(55, 55, 96), (27, 27, 96), (13, 13, 256), (6, 6, 256)]
    owt = {layer.name: layer for layer in keras_dl.describe("alexnet_owt").layers}
    assert owt["stage1_conv"].output_shape == (55, 55, 64) and owt["stage5_pool"].output_shape == (6, 6, 256)
    assert "stage1_norm" in layers and "stage1_norm" not in owt


def test_every_convolution_is_a_stage():
    model = keras_dl.build("alexnet", filters=(4, 4, 4, 4, 4), units=8, classes=2)
    assert surgery.stages(model) == [*(f"stage{number}" for number in range(1, 8)), "head"]
    assert surgery.feature_stages(model) == [f"stage{number}" for number in range(1, 6)]


def convolution(x, kernel, bias, stride):
    windows = sliding_window_view(x, kernel.shape[:2], (0, 1))[::stride, ::stride]
    return np.maximum(np.einsum("xycij,ijcf->xyf", windows, kernel) + bias, 0)


def pooled(x):
    return sliding_window_view(x, (3, 3), (0, 1))[::2, ::2].max((3, 4))


def normalised(x):
    y = np.empty_like(x)
    for i in range(x.shape[2]):
        y[..., i] = x[..., i] / (2 + 1e-4 * (x[..., max(0, i - 2) : i + 3] ** 2).sum(2)) ** 0.75
    return y


def test_outputs_are_those_of_the_definition():
    config = keras_dl.get_config("alexnet", filters=(6, 8, 10, 8, 6), units=12, classes=4, input_shape=(99, 75, 3))
    model = config.build()
    generator = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(generator.normal(size=variable.shape) / np.sqrt(max(1, np.prod(variable.shape[:-1]) / 2)))
    weights = {variable.path: variable.numpy() for variable in model.weights}

    def layer(x, number, stride=1, towers=1):
        kernel, bias = weights[f"stage{number}_conv/kernel"], weights[f"stage{number}_conv/bias"]
        border = 0 if number == 1 else len(kernel) // 2
        x = np.pad(x, [(border, border), (border, border), (0, 0)])
        parts = zip(*(np.split(part, towers, -1) for part in (x, kernel, bias)), strict=True)
        return np.concatenate([convolution(*part, stride) for part in parts], -1)

    image = generator.integers(0, 256, (99, 75, 3))
    x = pooled(normalised(layer(image - [123.68, 116.779, 103.939], 1, stride=4)))
    x = pooled(normalised(layer(x, 2, towers=2)))
    x = pooled(layer(layer(layer(x, 3), 4, towers=2), 5, towers=2)).ravel()
    for name in ("stage6_dense", "stage7_dense"):
        x = np.maximum(x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"], 0)
    expected = x @ weights["head/kernel"] + weights["head/bias"]
    outputs = model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_what_cannot_be_built_is_refused():
    for name, smallest in (("alexnet", 67), ("alexnet_owt", 63)):
        small = {"filters": (2, 2, 2, 2, 2), "units": 2, "classes": 2}
        model = keras_dl.build(name, input_shape=(smallest, smallest, 3), **small)
        assert model.get_layer("stage5_pool").output.shape == (None, 1, 1, 2)
        with pytest.raises(keras_dl.UsageError, match=f"for this alexnet; use at least {smallest}x{smallest}"):
            keras_dl.get_config(name, input_shape=(smallest - 1, 99, 3))
    with pytest.raises(keras_dl.UsageError, match="^filters must be even for two towers, got 95; use 96$"):
        keras_dl.get_config("alexnet", filters=(95, 256, 384, 384, 256))
    with pytest.raises(keras_dl.UsageError, match=r"^dropout must be at least 0 and below 1, got 1.0$"):
        keras_dl.get_config("alexnet", dropout=1.0)
    with pytest.raises(keras_dl.UsageError, match="^padding must be at least 0, got -1$"):
        keras_dl.get_config("alexnet", padding=-1)
    assert keras_dl.get_config("alexnet_ungrouped", filters=(95, 256, 384, 384, 256)).filters[0] == 95
