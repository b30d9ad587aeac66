"""LeNet of today: counts, sizes and depths."""

import numpy as np
import pytest

import keras_dl


def test_counts_are_the_published_ones():
    modern = {layer.name: layer.parameters for layer in keras_dl.describe("lenet5_modern").layers if layer.parameters}
    assert list(modern.values()) == [156, 2416, 48120, 10164, 850]
    caffe = {layer.name: layer.parameters for layer in keras_dl.describe("lenet_like").layers if layer.parameters}
    assert list(caffe.values()) == [520, 25050, 400500, 5010]
    assert keras_dl.describe("lenet5_modern", input_shape=(32, 32, 1), padding=("valid", "valid")).parameters == 61706


def test_more_convolutions_fit_into_the_same_size():
    shallow, deep = (keras_dl.build("lenet_like", convolutions=count) for count in (1, 3))
    assert [layer.name for layer in deep.layers].count("stage2_conv3") == 1
    for name in ("stage1_pool", "stage2_pool"):
        assert shallow.get_layer(name).output.shape == deep.get_layer(name).output.shape


@pytest.mark.parametrize(("name", "smallest"), [("lenet5_modern", 12), ("lenet_like", 16)])
def test_the_smallest_size_is_the_smallest(name, smallest):
    assert keras_dl.build(name, input_shape=(smallest, smallest, 1)).output_shape == (None, 10)
    with pytest.raises(keras_dl.UsageError, match=f"use at least {smallest}x{smallest}"):
        keras_dl.get_config(name, input_shape=(28, smallest - 1, 1))


def test_each_block_has_its_padding():
    with pytest.raises(keras_dl.UsageError, match="padding must have a word for each of the 3 blocks, got 2"):
        keras_dl.get_config("lenet_like", filters=(4, 8, 16))


@pytest.mark.parametrize("name", ["lenet5_modern", "lenet_like"])
def test_outputs_are_those_of_the_definition(name):
    config = keras_dl.get_config(name).scaled(width=0.25)
    model = config.build()
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(generator.uniform(-0.3, 0.3, weight.shape))
    weights = iter([weight.numpy().astype("float64") for weight in model.weights])
    pictures = generator.integers(0, 256, (2, *config.input_shape)).astype("float32")
    x = pictures.astype("float64") / 255
    for padding in config.padding:
        kernel, bias = next(weights), next(weights)
        border = 2 if padding == "same" else 0
        x = np.pad(x, ((0, 0), (border, border), (border, border), (0, 0)))
        rows, columns = x.shape[1] - 4, x.shape[2] - 4
        maps = np.empty((2, rows, columns, kernel.shape[3]))
        for i in range(rows):
            for j in range(columns):
                maps[:, i, j] = np.tensordot(x[:, i : i + 5, j : j + 5], kernel, axes=3) + bias
        maps = np.maximum(maps, 0)[:, : rows // 2 * 2, : columns // 2 * 2]
        x = np.maximum.reduce([maps[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    x = x.reshape(2, -1)
    for _ in config.units:
        x = np.maximum(x @ next(weights) + next(weights), 0)
    x = x @ next(weights) + next(weights)
    np.testing.assert_allclose(model(pictures), x, rtol=1e-4, atol=1e-4)
