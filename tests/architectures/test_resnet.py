"""ImageNet ResNets: the counts of both forms, where their strides are, the maps of their stages."""

import pytest

import keras_dl
from keras_dl import surgery

TRAINABLE = {  # keras.applications; torchvision
    "resnet18": (None, 11689512),
    "resnet34": (None, 21797672),
    "resnet50": (25583592, 25557032),
    "resnet101": (44601832, 44549160),
    "resnet152": (60268520, 60192808),
}
TINY = {"filters": 4, "blocks": (1, 1, 1, 1), "input_shape": (64, 64, 3), "classes": 10}


@pytest.mark.parametrize("name", TRAINABLE)
def test_counts_of_both_forms(name):
    for form, expected in zip(("keras", "torch"), TRAINABLE[name], strict=True):
        if expected:
            assert keras_dl.describe(name, form=form).trainable_parameters == expected
    depth = sum(layer.kind == "Dense" or "_conv" in layer.name for layer in keras_dl.describe(name).layers)
    shortcuts = sum("shortcut_conv" in layer.name for layer in keras_dl.describe(name).layers)
    assert name == f"resnet{depth - shortcuts}"


@pytest.mark.parametrize(
    ("name", "form", "expected"),
    [
        ("resnet50", "keras", {"conv1": 8, "conv2": 8, "conv3": 8}),
        ("resnet50", "torch", {"conv1": 16, "conv2": 8, "conv3": 8}),
        ("resnet18", "torch", {"conv1": 8, "conv2": 8}),
    ],
)
def test_forms_differ_in_stride_bias_and_normalisation(name, form, expected):
    model = keras_dl.build(name, form=form, **TINY)
    layers = {number: model.get_layer(f"stage2_block1_{number}") for number in expected}
    assert {number: layer.output.shape[1] for number, layer in layers.items()} == expected
    assert {layer.use_bias for layer in layers.values()} == {form == "keras"}
    norm = model.get_layer("stage2_block1_norm1")
    assert (norm.epsilon, norm.momentum) == ((1.001e-5, 0.99) if form == "keras" else (1e-5, 0.9))


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_stages_have_the_strides_and_widths_of_the_paper(name):
    model = keras_dl.build(name, **TINY)
    expansion = 4 if name == "resnet50" else 1
    assert surgery.strides(model) == {"stem": 2, "stage1": 4, "stage2": 8, "stage3": 16, "stage4": 32}
    maps = surgery.features(model).output
    assert [maps[f"stage{stage}"].shape[-1] for stage in (1, 2, 3, 4)] == [
        expansion * 4 * 2**stage for stage in range(4)
    ]
    assert maps["stem"].shape == (None, 32, 32, 4)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(keras_dl.UsageError, match='^block="basic" has no form "keras"; use form="torch"$'):
        keras_dl.get_config("resnet50", block="basic")
    with pytest.raises(keras_dl.UsageError, match="blocks must have 4 values, got 3"):
        keras_dl.get_config("resnet50", blocks=(3, 4, 6))
    with pytest.raises(keras_dl.UsageError, match="input 16x64 is too small for this resnet; use at least 17x17"):
        keras_dl.get_config("resnet18", input_shape=(16, 64, 3))
    model = keras_dl.build("resnet18", **{**TINY, "input_shape": (17, 17, 3)})
    assert model.get_layer("stage3_block1_relu2").output.shape == (None, 2, 2, 16)
    assert model.get_layer("stage4_block1_relu2").output.shape == (None, 1, 1, 32)
