"""LeNet of today: counts, sizes and depths."""

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
