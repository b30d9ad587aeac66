"""GoogLeNet: the paper's table, its wiring against plain numpy, training with the auxiliary classifiers."""

import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import keras_dl
from keras_dl import surgery

AUXILIARY = ("head_auxiliary1", "head_auxiliary2")
TINY = {"width_multiplier": 0.05, "classes": 4}


def test_modules_have_the_maps_of_the_table():
    layers = {layer.name: layer for layer in keras_dl.describe("googlenet", auxiliary=True).layers}
    assert sum(layer.parameters for layer in layers.values()) == 13378280
    maps = [layer.output_shape for name, layer in layers.items() if name.endswith("_concat")]
    filters = [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    assert maps == [(side, side, n) for side, n in zip([28] * 2 + [14] * 5 + [7] * 2, filters, strict=True)]
    assert [layers[f"auxiliary{number}_flatten"].output_shape for number in (1, 2)] == [(2048,), (2048,)]
    assert [layers[f"auxiliary{number}_pool"].output_shape[-1] for number in (1, 2)] == [512, 528]


def windows(x, size, stride, value):
    """Every window of a map with the border that gives ceil(n / stride) of them a side, the smaller part first."""
    totals = [max(0, (-(-n // stride) - 1) * stride + size - n) for n in x.shape[:2]]
    x = np.pad(x, [*((total // 2, total - total // 2) for total in totals), (0, 0)], constant_values=value)
    return sliding_window_view(x, (size, size), (0, 1))[::stride, ::stride]


def rectified(x):
    return np.maximum(x, 0)


def normalised(x):
    y = np.empty_like(x)
    for i in range(x.shape[2]):
        y[..., i] = x[..., i] / (2 + 1e-4 * (x[..., max(0, i - 2) : i + 3] ** 2).sum(2)) ** 0.75
    return y


def test_outputs_are_those_of_the_definition():
    model = keras_dl.build("googlenet", auxiliary=True, input_shape=(75, 68, 3), **TINY)
    generator = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(generator.normal(size=variable.shape) / np.sqrt(max(1, np.prod(variable.shape[:-1]) / 2)))
    weights = {variable.path: variable.numpy() for variable in model.weights}

    def convolution(x, name, stride=1):
        kernel = weights[f"{name}/kernel"]
        sums = np.einsum("xycij,ijcf->xyf", windows(x, len(kernel), stride, 0), kernel)
        return rectified(sums + weights[f"{name}/bias"])

    def pooled(x, stride):
        return windows(x, 3, stride, -np.inf).max((3, 4))

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def module(x, name):
        x1 = convolution(x, f"{name}_1x1")
        x3 = convolution(convolution(x, f"{name}_3x3_reduce"), f"{name}_3x3")
        x5 = convolution(convolution(x, f"{name}_5x5_reduce"), f"{name}_5x5")
        return np.concatenate([x1, x3, x5, convolution(pooled(x, 1), f"{name}_projection")], -1)

    def classifier(x, number):
        x = sliding_window_view(x, (5, 5), (0, 1))[::3, ::3].mean((3, 4))
        x = convolution(x, f"auxiliary{number}_conv").ravel()
        return dense(rectified(dense(x, f"auxiliary{number}_dense")), f"head_auxiliary{number}")

    image = generator.integers(0, 256, (75, 68, 3))
    x = convolution(image - [123.68, 116.779, 103.939], "stem_conv", 2)
    x = convolution(convolution(normalised(pooled(x, 2)), "stage1_3x3_reduce"), "stage1_3x3")
    x = pooled(normalised(x), 2)
    x = pooled(module(module(x, "stage2_block1"), "stage2_block2"), 2)
    expected = {}
    for block in range(1, 6):
        x = module(x, f"stage3_block{block}")
        if block in (1, 4):
            number = 1 if block == 1 else 2
            expected[f"head_auxiliary{number}"] = classifier(x, number)
    x = module(module(pooled(x, 2), "stage4_block1"), "stage4_block2")
    expected["head"] = dense(x.mean((0, 1)), "head")
    outputs = model.predict(image[None].astype("float32"), verbose=0)
    assert outputs.keys() == expected.keys()
    for name, logits in expected.items():
        np.testing.assert_allclose(outputs[name][0], logits, rtol=1e-4, atol=1e-4 * np.abs(logits).max())


def test_auxiliary_losses_count_as_declared_and_are_left_out_afterwards():
    model = keras_dl.build("googlenet", auxiliary=True, input_shape=(65, 65, 3), **TINY)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.SGD(1e-4),
        loss={name: loss for name in model.output_names},
        loss_weights={"head": 1.0, **dict.fromkeys(AUXILIARY, 0.3)},
    )
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (8, 65, 65, 3)).astype("float32")
    y = np.arange(8) % 4
    logits = model.predict(x, verbose=0)
    losses = {name: float(loss(y, logits[name])) for name in model.output_names}
    total = model.evaluate(x, {name: y for name in model.output_names}, verbose=0, return_dict=True)["loss"]
    np.testing.assert_allclose(total, losses["head"] + 0.3 * sum(losses[name] for name in AUXILIARY), rtol=1e-5)
    before = model.get_layer("auxiliary1_conv").get_weights()[0]
    model.fit(x, {name: y for name in model.output_names}, verbose=0)
    assert np.any(before != model.get_layer("auxiliary1_conv").get_weights()[0])
    config = keras_dl.get_config("googlenet", input_shape=(65, 65, 3), **TINY)
    seven = surgery.transplant(model, config.replace(auxiliary=True, classes=7))
    assert {logits.shape for logits in seven.output.values()} == {(None, 7)}
    single = surgery.transplant(model, config, fresh=())
    np.testing.assert_allclose(single.predict(x, verbose=0), model.predict(x, verbose=0)["head"], rtol=1e-5, atol=1e-6)


def test_stages_are_cut_where_the_resolution_falls():
    expected = {"stem": 2, "stage1": 4, "stage2": 8, "stage3": 16, "stage4": 32}
    for auxiliary in (False, True):
        model = keras_dl.build("googlenet", auxiliary=auxiliary, **TINY)
        assert surgery.strides(model) == expected
    assert set(surgery.stages(model)) == {*expected, "auxiliary1", "auxiliary2", "head"}


def test_depth_repeats_the_last_row_and_keeps_two_auxiliary_classifiers():
    model = keras_dl.build("googlenet", auxiliary=True, modules=(1, 7, 3), **TINY)
    assert model.get_layer("stage3_block7_1x1").filters == model.get_layer("stage3_block5_1x1").filters == 13
    assert model.get_layer("auxiliary2_pool").input is model.get_layer("stage3_block6_concat").output
    for count in (1, 2):
        model = keras_dl.build("googlenet", auxiliary=True, modules=(1, count, 1), **TINY)
        assert set(model.output_names) == {"head", *AUXILIARY}


def test_what_cannot_be_built_is_refused():
    for auxiliary, smallest in ((False, 17), (True, 65)):
        message = f"too small for this googlenet; use at least {smallest}x{smallest}"
        with pytest.raises(keras_dl.UsageError, match=message):
            keras_dl.get_config("googlenet", auxiliary=auxiliary, input_shape=(smallest - 1, 99, 3))
        model = keras_dl.build("googlenet", auxiliary=auxiliary, input_shape=(smallest, smallest, 3), **TINY)
    assert model.get_layer("auxiliary1_pool").output.shape[1:3] == (1, 1)
    with pytest.raises(keras_dl.UsageError, match=r"^dropout must be at least 0 and below 1, got -0.1$"):
        keras_dl.get_config("googlenet", dropout=-0.1)
