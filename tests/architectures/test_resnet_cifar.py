"""CIFAR ResNets: published counts, both shortcuts against plain numpy, and the giant within its time."""

import time

import numpy as np
import pytest

import keras_dl

TRAINABLE = {  # Keras example with projections; paper's option A
    "resnet20": (273066, 269722),
    "resnet32": (467946, 464154),
    "resnet44": (662826, 658586),
    "resnet56": (857706, 853018),
    "resnet110": (1734666, 1727962),
}


@pytest.mark.parametrize("name", TRAINABLE)
def test_counts_of_both_forms(name):
    projection, pad = (keras_dl.describe(name, shortcut=shortcut) for shortcut in ("projection", "pad"))
    assert (projection.trainable_parameters, pad.trainable_parameters) == TRAINABLE[name]
    assert keras_dl.describe(name, shortcut="none").trainable_parameters == pad.trainable_parameters
    layers = [
        layer for layer in projection.layers if layer.kind in ("Conv2D", "Dense") and "shortcut" not in layer.name
    ]
    assert f"resnet{len(layers)}" == name


def test_the_giant_is_described_and_built_in_time():
    start = time.monotonic()
    assert keras_dl.describe("resnet1202", shortcut="pad").trainable_parameters == 19421274
    described = time.monotonic()
    assert keras_dl.build("resnet1202").count_params() == 19558378
    assert described - start < 15 and time.monotonic() - described < 60


def convolution(x, kernel, bias, stride):
    """`x` (height, width, channels); zeros at the lower and right border come first, as in Keras."""
    size, (height, width, _) = len(kernel), x.shape
    rows, columns = -(-height // stride), -(-width // stride)
    border = [max(0, (n - 1) * stride + size - m) for n, m in ((rows, height), (columns, width))]
    x = np.pad(x, [*((total // 2, total - total // 2) for total in border), (0, 0)])
    y = np.zeros((rows, columns, kernel.shape[-1]))
    for row, column in np.ndindex(rows, columns):
        window = x[row * stride : row * stride + size, column * stride : column * stride + size]
        y[row, column] = np.tensordot(window, kernel, 3) + bias
    return y


@pytest.mark.parametrize("shortcut", ["projection", "pad", "none"])
def test_outputs_are_those_of_the_definition(shortcut):
    model = keras_dl.build("resnet20", shortcut=shortcut, blocks=2, filters=4, input_shape=(12, 10, 3))
    generator = np.random.default_rng(0)
    for variable in model.weights:
        noise = generator.normal(size=variable.shape)
        variable.assign(np.abs(noise) + 0.5 if variable.name.endswith(("variance", "gamma")) else noise / 3)
    weights = {variable.path: variable.numpy() for variable in model.weights}

    def conv(x, name, stride=1):
        return convolution(x, weights[f"{name}/kernel"], weights.get(f"{name}/bias", 0.0), stride)

    def norm(x, name):
        gamma, beta, mean, variance = (
            weights[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta

    image = generator.integers(0, 256, (12, 10, 3))
    x = np.maximum(norm(conv(image / 127.5 - 1, "stem_conv"), "stem_norm"), 0)
    for stage in (1, 2, 3):
        for block in (1, 2):
            name, stride = f"stage{stage}_block{block}", 2 if stage > 1 and block == 1 else 1
            y = np.maximum(norm(conv(x, f"{name}_conv1", stride), f"{name}_norm1"), 0)
            y = norm(conv(y, f"{name}_conv2"), f"{name}_norm2")
            if shortcut == "none":
                x = np.zeros_like(y)
            elif stride == 2 and shortcut == "projection":
                x = conv(x, f"{name}_shortcut", 2)
            elif stride == 2:
                x = np.concatenate([x[::2, ::2], np.zeros_like(x[::2, ::2])], axis=-1)
            x = np.maximum(x + y, 0)
    expected = x.mean(axis=(0, 1)) @ weights["head/kernel"] + weights["head/bias"]
    outputs = model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_width_and_depth_fields_scale_without_bounds_on_6n_plus_2():
    config = keras_dl.get_config("resnet20").scaled(width=1.5, depth=5 / 3)
    assert (config.filters, config.blocks) == (24, 5)
    with pytest.raises(keras_dl.UsageError, match="input 3x32 is too small for this resnet_cifar; use at least 4x4"):
        keras_dl.get_config("resnet20", input_shape=(3, 32, 3))


def test_stochastic_depth_drops_whole_branches_by_example_and_linearly_more_with_depth():
    config = keras_dl.get_config("resnet20", filters=4, input_shape=(8, 8, 1))
    model = config.replace(stochastic_depth=0.5).build()
    drops = [layer for layer in model.layers if layer.name.endswith("_drop")]
    assert [drop.rate for drop in drops] == pytest.approx(np.arange(1, 10) / 18)
    branches = np.random.default_rng(0).normal(size=(1000, 2, 2, 3)).astype("float32")
    kept = drops[-1](branches, training=True) / branches
    np.testing.assert_allclose(kept, np.broadcast_to(kept[:, :1, :1, :1], kept.shape), rtol=1e-5)
    assert np.unique(np.round(kept, 3)).tolist() == [0, 2]
    assert np.mean(kept) == pytest.approx(1, abs=0.1)
    plain, pictures = config.build(), np.random.default_rng(1).integers(0, 256, (4, 8, 8, 1)).astype("float32")
    weights = {variable.path: variable.numpy() for variable in model.weights}
    for variable in plain.weights:
        variable.assign(weights[variable.path])
    np.testing.assert_array_equal(plain(pictures), model(pictures))
    with pytest.raises(keras_dl.UsageError, match="stochastic_depth must be at least 0 and below 1, got 1.0"):
        config.replace(stochastic_depth=1.0)
    with pytest.raises(keras_dl.UsageError, match="stochastic_depth needs shortcuts, which shortcut=.none. leaves out"):
        config.replace(stochastic_depth=0.5, shortcut="none")
