"""VGG networks: depth, trainable counts, where their stages end, what they refuse."""

from pathlib import Path

import pytest

import keras_dl
from keras_dl import surgery
from keras_dl.weights import published
from keras_dl.weights.vgg import PIXELS

TRAINABLE = {
    "vgg11": 132863336,
    "vgg13": 133047848,
    "vgg16": 138357544,
    "vgg19": 143667240,
    "vgg11_bn": 132868840,
    "vgg13_bn": 133053736,
    "vgg16_bn": 138365992,
    "vgg19_bn": 143678248,
}
TINY = {"filters": (2, 3, 4, 5, 6), "units": 8, "classes": 10}


@pytest.mark.parametrize("name", TRAINABLE)
def test_trainable_counts_and_depths(name):
    description = keras_dl.describe(name)
    assert description.trainable_parameters == TRAINABLE[name]
    depth = sum(layer.kind in ("Conv2D", "Dense") for layer in description.layers)
    assert name.removesuffix("_bn") == f"vgg{depth}"
    normalized = any(layer.kind == "BatchNormalization" for layer in description.layers)
    assert normalized is name.endswith("_bn")


def test_stages_end_in_their_pooling():
    model = keras_dl.build("vgg16_bn", **TINY)
    assert surgery.strides(model) == {f"stage{number}": 2**number for number in range(1, 6)}
    maps = {stage: tensor.shape for stage, tensor in surgery.features(model).output.items()}
    assert [maps[f"stage{number}"] for number in (1, 5)] == [(None, 112, 112, 2), (None, 7, 7, 6)]
    assert surgery.stages(model)[-3:] == ["stage6", "stage7", "head"]


def test_pixels_are_normalised_as_for_the_published_weights():
    for name in TRAINABLE:
        config = keras_dl.get_config(name)
        layout = Path(published(config, "imagenet")[1].url).suffix
        assert layout == (".h5" if name in ("vgg16", "vgg19") else ".safetensors")
        assert {key: getattr(config, key) for key in PIXELS[layout]} == PIXELS[layout]


def test_what_cannot_be_built_is_refused():
    model = keras_dl.build("vgg19", input_shape=(32, 63, 3), **TINY)
    assert model.get_layer("stage5_pool").output.shape == (None, 1, 1, 6)
    with pytest.raises(keras_dl.UsageError, match="^input 31x224 is too small for this vgg; use at least 32x32$"):
        keras_dl.get_config("vgg11", input_shape=(31, 224, 3))
    with pytest.raises(keras_dl.UsageError, match=r"^dropout must be at least 0 and below 1, got 1.5$"):
        keras_dl.get_config("vgg11", dropout=1.5)
    with pytest.raises(keras_dl.UsageError, match="^convolutions must be at least 1, got 2, 2, 0, 3, 3$"):
        keras_dl.get_config("vgg16", convolutions=(2, 2, 0, 3, 3))
