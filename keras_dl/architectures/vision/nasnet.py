"""NASNet-A, the network of two cells that a search on CIFAR-10 found, for ImageNet and for CIFAR-10.

Zoph, Vasudevan, Shlens & Le, "Learning Transferable Architectures for Scalable Image Recognition", CVPR 2018, figure 4.
Input: (batch, height, width, 3) from 19x19 up (3x3 for nasnet_cifar); output: (batch, classes) logits.

    name           parameters   trainable  the paper's name  input
    nasnet_mobile   5,326,716   5,289,978  4 @ 1056          224x224
    nasnet_large   88,949,818  88,753,150  6 @ 4032          331x331
    nasnet_cifar    3,354,858   3,318,058  6 @ 768           32x32, 10 classes

N @ P stands for N normal cells in each of three rows and P maps at the end, which are 24 times `filters`.

The networks for ImageNet are those of keras.applications. They differ from the authors' TF-Slim code in the pools of
the reduction cells, whose border is of zeros that the average counts and the maximum sees (`pool_border="zeros"`),
where TF-Slim leaves the border out. nasnet_cifar is the network of titu1994's Keras-NASNet, which leaves it out too;
it has its own batch normalisation (momentum 0.9, epsilon 1e-5) and a plain stem, where keras.applications would build
two reduction cells (3,375,874 parameters). The cell after a reduction cell looks back at the input of that cell; in
nasnet_large, one cell further (`skip_reduction`). The first cell has nothing to look back at and takes its input twice;
where it is a reduction cell, without the convolution that brings what is looked back at to the width of the cell.

The second pool of a factorised reduction samples the pixels to the lower right of those of the first; beyond the border
they are zeros. Scheduled drop-path, the auxiliary classifier and dropout before the classifier, parts of the authors'
training, are left out. Pixels are scaled to -1..1.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class NASNet(ImageClassifier):
    """Rows of normal cells, each but the first of nasnet_cifar behind a reduction cell."""

    stem: Literal["reductions", "plain"] = "reductions"
    """a convolution of stride 2 and two reduction cells, or a convolution alone"""
    stem_filters: int = width(32, low=8, high=128)
    """filters of the first convolution"""
    filters: int = width(44, low=8, high=256, multiple_of=4)
    """filters of a normal cell's convolutions in the first row; each further row has twice as many"""
    cells: int = depth(4, low=1, high=8)
    """normal cells in each of the three rows, the paper's N"""
    skip_reduction: bool = False
    """whether the cell after a reduction cell looks back past the input of that cell, at the output before"""
    pool_border: Literal["zeros", "left_out"] = "zeros"
    """what the pools of a reduction cell see beyond the border"""
    momentum: Share = 0.9997
    """share of the old in the running statistics of batch normalisation"""
    epsilon: float = 1e-3
    """added to the variance in batch normalisation"""

    def __post_init__(self):
        super().__post_init__()
        step = 4 if self.stem == "reductions" else 2
        if self.filters % step:
            low = self.filters // step * step
            nearest = f"{low} or {low + step}" if low else f"{step}"
            raise UsageError(
                f"filters must be a multiple of {step} with stem={self.stem!r}, got {self.filters}; use {nearest}"
            )

    @property
    def smallest_size(self) -> int:
        return 19 if self.stem == "reductions" else 3


def normalized(x, config: NASNet, name: str):
    """(batch, ...) -> (batch, ...)."""
    return layers.BatchNormalization(momentum=config.momentum, epsilon=config.epsilon, name=name)(x)


def rectified(x, name: str):
    """(batch, ...) -> (batch, ...)."""
    return keras.layers.Activation("relu", name=f"{name}_relu")(x)


def convolution(x, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height, width, filters)."""
    return keras.layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="he_normal", name=name)(x)


def projection(x, config: NASNet, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height, width, filters)."""
    x = convolution(rectified(x, name), filters, f"{name}_conv")
    return normalized(x, config, f"{name}_norm")


def factorized_reduction(x, config: NASNet, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height / 2, width / 2, filters)."""
    x = rectified(x, name)
    shifted = keras.layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(x)
    shifted = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(shifted)
    halves = [
        convolution(keras.layers.AveragePooling2D(1, 2, name=f"{name}_pool{i}")(y), filters // 2, f"{name}_conv{i}")
        for i, y in enumerate((x, shifted), start=1)
    ]
    x = keras.layers.Concatenate(name=f"{name}_concat")(halves)
    return normalized(x, config, f"{name}_norm")


def adjusted(p, x, config: NASNet, filters: int, name: str):
    """`p`, the output before `x`, with the height and width of `x` and so many filters; `x` as it is without one."""
    if p is None:
        return x
    if p.shape[1:3] != x.shape[1:3]:
        return factorized_reduction(p, config, filters, name)
    return projection(p, config, filters, name) if p.shape[-1] != filters else p


def separable(x, config: NASNet, filters: int, size: int, name: str, strides: int = 1):
    """Twice separable, of a rectified x: (batch, height, width, c) -> (batch, height / strides, .., filters)."""
    x = keras.layers.SeparableConv2D(filters, size, strides, "same", use_bias=False, name=f"{name}_conv1")(x)
    x = rectified(normalized(x, config, f"{name}_norm1"), name)
    x = keras.layers.SeparableConv2D(filters, size, padding="same", use_bias=False, name=f"{name}_conv2")(x)
    return normalized(x, config, f"{name}_norm2")


def normal_cell(x, p, config: NASNet, filters: int, name: str):
    """(batch, height, width, channels), and the output before -> (batch, height, width, 5 or 6 * filters)."""
    p = adjusted(p, x, config, filters, f"{name}_adjust")
    h = projection(x, config, filters, name)
    p_relu, h_relu = rectified(p, f"{name}_p"), rectified(h, f"{name}_h")
    p_pool, h_pool = (
        keras.layers.AveragePooling2D(3, 1, "same", name=f"{name}_{key}_pool")(y) for key, y in (("p", p), ("h", h))
    )
    pairs = (
        (
            separable(h_relu, config, filters, 5, f"{name}_left1"),
            separable(p_relu, config, filters, 3, f"{name}_right1"),
        ),
        (
            separable(p_relu, config, filters, 5, f"{name}_left2"),
            separable(p_relu, config, filters, 3, f"{name}_right2"),
        ),
        (h_pool, p),
        (p_pool, p_pool),
        (separable(h_relu, config, filters, 3, f"{name}_left5"), h),
    )
    sums = [keras.layers.Add(name=f"{name}_add{i}")(pair) for i, pair in enumerate(pairs, start=1)]
    return keras.layers.Concatenate(name=f"{name}_concat")([p, *sums])


def reduction_cell(x, p, config: NASNet, filters: int, name: str):
    """(batch, height, width, channels), and the output before -> (batch, height / 2, width / 2, 4 * filters)."""
    p = rectified(adjusted(p, x, config, filters, f"{name}_adjust"), f"{name}_p")
    h = projection(x, config, filters, name)
    h_relu, padding = rectified(h, f"{name}_h"), "same"
    if config.pool_border == "zeros":
        border = tuple((size % 2, 1) for size in h.shape[1:3])
        h, padding = keras.layers.ZeroPadding2D(border, name=f"{name}_pad")(h), "valid"
    maximum = keras.layers.MaxPooling2D(3, 2, padding, name=f"{name}_max_pool")(h)
    average = keras.layers.AveragePooling2D(3, 2, padding, name=f"{name}_average_pool")(h)

    def add(left, right, index: int):
        return keras.layers.Add(name=f"{name}_add{index}")([left, right])

    x1 = add(
        separable(h_relu, config, filters, 5, f"{name}_left1", strides=2),
        separable(p, config, filters, 7, f"{name}_right1", strides=2),
        1,
    )
    x2 = add(maximum, separable(p, config, filters, 7, f"{name}_right2", strides=2), 2)
    x3 = add(average, separable(p, config, filters, 5, f"{name}_right3", strides=2), 3)
    x4 = add(x2, keras.layers.AveragePooling2D(3, 1, "same", name=f"{name}_left4_pool")(x1), 4)
    x5 = add(separable(rectified(x1, f"{name}_x1"), config, filters, 3, f"{name}_left5"), maximum, 5)
    return keras.layers.Concatenate(name=f"{name}_concat")([x2, x3, x4, x5])


def build(config: NASNet) -> keras.Model:
    inputs, x = pixels(config)
    large = config.stem == "reductions"
    strides, padding = (2, "valid") if large else (1, "same")
    x = keras.layers.Conv2D(
        config.stem_filters, 3, strides, padding, use_bias=False, kernel_initializer="he_normal", name="stem_conv"
    )(x)
    x = normalized(x, config, "stem_norm")
    p, stage = x, 1
    if large:
        x = reduction_cell(x, None, config, config.filters // 4, "stage1_reduction")
        p, x = x, reduction_cell(x, p, config, config.filters // 2, "stage2_reduction")
        stage = 2
    for row in range(3):
        filters = config.filters * 2**row
        if row:
            stage += 1
            before, x = x, reduction_cell(x, p, config, filters, f"stage{stage}_reduction")
            p = p if config.skip_reduction else before
        for cell in range(1, config.cells + 1):
            p, x = x, normal_cell(x, p, config, filters, f"stage{stage}_cell{cell}")
    x = rectified(x, f"stage{stage}")
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="nasnet")


VARIANTS = {
    "nasnet_mobile": NASNet(),
    "nasnet_large": NASNet(input_shape=(331, 331, 3), stem_filters=96, filters=168, cells=6, skip_reduction=True),
    "nasnet_cifar": NASNet(
        input_shape=(32, 32, 3),
        classes=10,
        stem="plain",
        filters=32,
        cells=6,
        pool_border="left_out",
        momentum=0.9,
        epsilon=1e-5,
    ),
}
