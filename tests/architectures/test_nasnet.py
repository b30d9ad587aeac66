"""NASNet: published counts, where its rows end, and nasnet_cifar, which no package has, against plain numpy."""

import time

import keras  # noqa: F401, described in the time it takes without the import
import numpy as np
import pytest
from plain_numpy import random_weights, windows

import keras_dl
from keras_dl import surgery

COUNTS = {  # all, trainable, multiply-adds in millions as the paper states them
    "nasnet_mobile": (5326716, 5289978, 564),
    "nasnet_large": (88949818, 88753150, 23800),
    "nasnet_cifar": (3354858, 3318058, None),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    start = time.process_time()
    description = keras_dl.describe(name)
    assert time.process_time() - start < 5
    assert (description.parameters, description.trainable_parameters) == COUNTS[name][:2]
    if millions := COUNTS[name][2]:
        assert description.multiply_adds / 1e6 == pytest.approx(millions, rel=2e-3)


def test_the_network_for_cifar_with_a_stem_of_reductions_is_another():
    description = keras_dl.describe("nasnet_cifar", stem="reductions")
    assert (description.parameters, description.trainable_parameters) == (3375874, 3338386)


def test_a_row_ends_where_the_resolution_falls():
    mobile = keras_dl.build("nasnet_mobile", filters=8, stem_filters=8, cells=1)
    assert surgery.strides(mobile) == {"stem": 2, "stage1": 4, "stage2": 8, "stage3": 16, "stage4": 32}
    maps = surgery.features(mobile).output
    assert [maps[stage].shape[-1] for stage in maps] == [8, 8, 48, 96, 192]
    cifar = keras_dl.build("nasnet_cifar", filters=8, stem_filters=8, cells=1)
    assert surgery.strides(cifar) == {"stem": 1, "stage1": 1, "stage2": 2, "stage3": 4}
    assert surgery.embedding(cifar).output_shape == (None, 24 * 8)


@pytest.mark.parametrize(("name", "size", "last"), [("nasnet_mobile", 19, "stage4"), ("nasnet_cifar", 3, "stage3")])
def test_the_smallest_input_is_reduced_to_one_pixel_by_the_last_cell(name, size, last):
    config = keras_dl.get_config(name, filters=8, stem_filters=8, cells=1, input_shape=(size, size, 3))
    model = config.build()
    pixels = [tensor.shape[1] for tensor in (model.get_layer(f"{last}_reduction_concat").output, model.output)]
    before = model.get_layer(f"{last[:-1]}{int(last[-1]) - 1}_cell1_concat").output
    assert (before.shape[1], pixels[0]) == (2, 1)
    message = f"input {size - 1}x{size} is too small for this nasnet; use at least {size}x{size}"
    with pytest.raises(keras_dl.UsageError, match=message):
        config.replace(input_shape=(size - 1, size, 3))


def test_filters_that_do_not_divide_are_refused():
    for name, filters, message in (
        ("nasnet_mobile", 42, "filters must be a multiple of 4 with stem='reductions', got 42; use 40 or 44"),
        ("nasnet_large", 2, "filters must be a multiple of 4 with stem='reductions', got 2; use 4"),
        ("nasnet_cifar", 7, "filters must be a multiple of 2 with stem='plain', got 7; use 6 or 8"),
    ):
        with pytest.raises(keras_dl.UsageError, match=message):
            keras_dl.get_config(name, filters=filters)


def average(x, stride=1):
    return np.nanmean(windows(x, 3, stride, np.nan), axis=(2, 3))


def maximum(x):
    return windows(x, 3, 2, -np.inf).max(axis=(2, 3))


def rectify(x):
    return np.maximum(x, 0)


class Numpy:
    """NASNet-A for CIFAR as figure 4 of the paper draws it, under the weights of a model."""

    def __init__(self, weights, filters):
        self.weights = weights
        self.filters = filters

    def norm(self, x, name):
        gamma, beta, mean, variance = (
            self.weights[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    def point(self, x, name):
        return rectify(x) @ self.weights[f"{name}/kernel"][0, 0]

    def separable(self, x, name, stride=1):
        for i in (1, 2):
            kernel = self.weights[f"{name}_conv{i}/depthwise_kernel"][..., 0]
            x = (windows(rectify(x), len(kernel), stride if i == 1 else 1) * kernel).sum((2, 3))
            x = self.norm(x @ self.weights[f"{name}_conv{i}/pointwise_kernel"][0, 0], f"{name}_norm{i}")
        return x

    def looked_back(self, p, x, filters, name):
        if p.shape[:2] != x.shape[:2]:
            later = np.zeros_like(p)
            later[:-1, :-1] = p[1:, 1:]
            halves = [self.point(y[::2, ::2], f"{name}_conv{i}") for i, y in ((1, p), (2, later))]
            return self.norm(np.concatenate(halves, axis=-1), f"{name}_norm")
        return p if p.shape[-1] == filters else self.norm(self.point(p, f"{name}_conv"), f"{name}_norm")

    def normal(self, x, p, filters, name):
        p = self.looked_back(p, x, filters, f"{name}_adjust")
        h = self.norm(self.point(x, f"{name}_conv"), f"{name}_norm")
        return np.concatenate(
            [
                p,
                self.separable(h, f"{name}_left1") + self.separable(p, f"{name}_right1"),
                self.separable(p, f"{name}_left2") + self.separable(p, f"{name}_right2"),
                average(h) + p,
                2 * average(p),
                self.separable(h, f"{name}_left5") + h,
            ],
            axis=-1,
        )

    def reduction(self, x, p, filters, name):
        p = self.looked_back(p, x, filters, f"{name}_adjust")
        h = self.norm(self.point(x, f"{name}_conv"), f"{name}_norm")
        first = self.separable(h, f"{name}_left1", 2) + self.separable(p, f"{name}_right1", 2)
        second = maximum(h) + self.separable(p, f"{name}_right2", 2)
        third = average(h, 2) + self.separable(p, f"{name}_right3", 2)
        fifth = self.separable(first, f"{name}_left5") + maximum(h)
        return np.concatenate([second, third, average(first) + second, fifth], axis=-1)

    def __call__(self, image):
        x = np.tensordot(windows(image / 127.5 - 1, 3), self.weights["stem_conv/kernel"], 3)
        p = x = self.norm(x, "stem_norm")
        for row in (1, 2, 3):
            filters = self.filters * 2 ** (row - 1)
            if row > 1:
                p, x = x, self.reduction(x, p, filters, f"stage{row}_reduction")
            for cell in (1, 2):
                p, x = x, self.normal(x, p, filters, f"stage{row}_cell{cell}")
        return rectify(x).mean(axis=(0, 1)) @ self.weights["head/kernel"] + self.weights["head/bias"]


@pytest.mark.parametrize(("stem_filters", "size"), [(4, (10, 9)), (6, (7, 12))])
def test_the_network_for_cifar_is_the_one_of_the_figure(stem_filters, size):
    """With as many filters in the stem as in the cells, the second cell looks back at the stem as it is."""
    model = keras_dl.build("nasnet_cifar", filters=4, stem_filters=stem_filters, cells=2, input_shape=(*size, 3))
    adjusted = {layer.name for layer in model.layers if layer.name.startswith("stage1") and "adjust" in layer.name}
    assert bool(adjusted) == (stem_filters != 4)
    image = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype("float32")
    expected = Numpy(random_weights(model), 4)(image)
    outputs = np.array(model(image[None]))[0]
    np.testing.assert_allclose(outputs, expected, atol=1e-4 * np.abs(expected).max())
