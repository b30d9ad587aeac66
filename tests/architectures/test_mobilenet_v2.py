"""MobileNetV2: the counts of all published multipliers, its rounding, the maps of its stages."""

import pytest

import keras_dl
from keras_dl import surgery

PARAMETERS = {0.35: 1691208, 0.5: 1987224, 0.75: 2663064, 1.0: 3538984, 1.3: 5431048, 1.4: 6156712}


@pytest.mark.parametrize("alpha", PARAMETERS)
def test_counts_of_the_published_multipliers(alpha):
    assert keras_dl.describe("mobilenet_v2", alpha=alpha).parameters == PARAMETERS[alpha]


def test_widths_are_multiples_of_8_for_any_multiplier():
    assert keras_dl.describe("mobilenet_v2").trainable_parameters == 3504872
    for alpha in (1e-6, 0.01, 0.35, 1.1, 3.0):
        config = keras_dl.get_config("mobilenet_v2", alpha=alpha)
        widths = [config.stem_filters, config.last_filters, *(row.filters for row in config.rows())]
        assert all(width >= 8 and width % 8 == 0 for width in widths)
        assert config.last_filters == (1280 if alpha < 1 else round(160 * alpha) * 8)
    assert [row.filters for row in keras_dl.get_config("mobilenet_v2", alpha=0.35).rows()] == [
        *(8, 8, 16, 24, 32, 56, 112)  # 5.6 and 8.4 become 8; 11.2 would fall to 8, below nine tenths of it
    ]
    with pytest.raises(keras_dl.UsageError, match="alpha must be above 0, got -0.5"):
        keras_dl.get_config("mobilenet_v2", alpha=-0.5)
    with pytest.raises(keras_dl.UsageError, match="use at least 17x17"):
        keras_dl.get_config("mobilenet_v2", input_shape=(16, 16, 3))


def test_stages_end_where_the_resolution_falls():
    model = keras_dl.build("mobilenet_v2", input_shape=(64, 64, 3), classes=10)
    strides = {"stem": 2, "stage1": 2, "stage2": 4, "stage3": 8, "stage4": 16, "stage5": 32, "stage6": 32}
    assert surgery.strides(model) == strides
    channels = {name: tensor.shape[-1] for name, tensor in surgery.features(model).output.items()}
    assert channels == dict(zip(strides, (32, 16, 24, 32, 96, 320, 1280), strict=True))
    names = [layer.name for layer in model.layers]
    assert "stage1_block1_expand_conv" not in names and "stage2_block1_expand_conv" in names
    norms = [layer for layer in model.layers if layer.name.endswith("_norm")]
    assert {(norm.epsilon, norm.momentum) for norm in norms} == {(1e-3, 0.999)}


def test_skips_join_equal_shapes_only_and_bottlenecks_are_linear():
    model = keras_dl.build("mobilenet_v2", input_shape=(32, 32, 3), classes=10)
    joined = [layer.name.removesuffix("_add") for layer in model.layers if layer.name.endswith("_add")]
    plan = keras_dl.get_config("mobilenet_v2").plan()
    assert joined == [block.name for block in plan if block.place > 0]
    assert not any(layer.name.endswith("_project_activation") for layer in model.layers)
