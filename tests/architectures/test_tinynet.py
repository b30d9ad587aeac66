"""TinyNet A to E: their counts, and the rules of scaling that differ from EfficientNet's."""

import pytest

import keras_dl
from keras_dl import surgery

NETWORKS = {  # trainable parameters, filters and repeats of the rows
    "tinynet_a": (6187972, (16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 4, 4, 5, 1)),
    "tinynet_b": (3730562, (16, 24, 32, 64, 88, 144, 240), (1, 2, 2, 3, 3, 4, 1)),
    "tinynet_c": (2457234, (8, 16, 24, 40, 64, 104, 176), (1, 2, 2, 3, 3, 3, 1)),
    "tinynet_d": (2338446, (8, 16, 24, 40, 64, 104, 176), (1, 1, 1, 2, 2, 3, 1)),
    "tinynet_e": (2042972, (8, 16, 24, 40, 56, 96, 160), (1, 1, 1, 2, 2, 2, 1)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_filters_and_repeats(name):
    trainable, filters, repeats = NETWORKS[name]
    config = keras_dl.get_config(name)
    assert keras_dl.describe(name).trainable_parameters == trainable
    assert tuple(row.filters for row in config.rows()) == filters
    assert tuple(row.repeats for row in config.rows()) == repeats
    assert (config.stem_filters, config.last_filters) == (32, 1280)
    assert config.scaled(width=1.5 / config.width_coefficient).last_filters == 1920


def test_is_the_network_of_pytorch():
    model = keras_dl.build("tinynet_e", input_shape=(64, 64, 3), classes=10)
    norms = [layer for layer in model.layers if layer.name.endswith("_norm")]
    assert {(norm.epsilon, norm.momentum) for norm in norms} == {(1e-5, 0.9)}
    assert model.get_layer("stem_pad").padding == ((1, 1), (1, 1))
    assert model.get_layer("stage3_block1_depthwise_pad").padding == ((2, 2), (2, 2))
    assert not any(layer.name.endswith("_drop") for layer in model.layers)
    strides = {"stem": 2, "stage1": 2, "stage2": 4, "stage3": 8, "stage4": 16, "stage5": 32, "stage6": 32}
    assert surgery.strides(model) == strides


def test_too_small_an_input_is_refused():
    with pytest.raises(keras_dl.UsageError, match="input 16x20 is too small for this tinynet; use at least 17x17"):
        keras_dl.get_config("tinynet_e", input_shape=(16, 20, 3))
