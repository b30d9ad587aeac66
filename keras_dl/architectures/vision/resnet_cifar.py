"""Residual networks for small images, 6n + 2 layers deep.

He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.
Input: (batch, 32, 32, 3) or any size from 4x4 up; output: (batch, classes) logits.

    name         parameters   trainable    n  trainable with shortcut="pad"
    resnet20        274,442     273,066    3       269,722
    resnet32        470,218     467,946    5       464,154
    resnet44        665,994     662,826    7       658,586
    resnet56        861,770     857,706    9       853,018
    resnet110     1,742,762   1,734,666   18     1,727,962
    resnet1202   19,558,378  19,468,746  200    19,421,274

Two networks carry these names. `shortcut="projection"` is the form of the Keras example `cifar10_resnet.py`, version 1:
convolutions have biases, and where a stage begins with fewer maps and larger ones a 1x1 convolution of stride 2, not
normalised, makes the shortcut fit. `shortcut="pad"` is the paper's option A: convolutions have no bias, and the
shortcut takes every second pixel, the first included, and appends maps of zeros after the existing ones, as Facebook's
fb.resnet.torch does; that works for any widths. Others put half of the zeros on each side, which is the same network
with its maps in another order. `shortcut="none"` is the paper's plain network, with the weights of option A.

In all forms batch normalisation is Keras's (momentum 0.99, epsilon 1e-3), and 3x3 convolutions of stride 2 pad at the
lower and right border only, as Keras does; PyTorch pads on all sides. The example's weight decay of 1e-4 is an option
of training here.

`stochastic_depth` is that of Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016: in training a block's
residual branch is left out, for each example by itself, and the share of such examples grows linearly from the first
block to the last. The authors scale the branches by what survives at inference, here they are divided by it in
training, which computes the same.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResNetCIFAR(ImageClassifier):
    """A residual network of three stages."""

    input_shape: tuple[Count, Count, Count] = (32, 32, 3)
    classes: int = 10
    filters: int = width(16, low=4, high=64)
    """filters of the first stage; each further stage has twice as many"""
    blocks: int = depth(3, low=1, high=18)
    """residual blocks in each of the three stages, the paper's n"""
    shortcut: Literal["projection", "pad", "none"] = "projection"
    """how a shortcut crosses to the next stage; "none" leaves out all shortcuts; only "projection" has biases in the
    convolutions"""
    stochastic_depth: Share = 0.0
    """fraction of examples that skip the last block in training, linearly fewer in those before"""

    def __post_init__(self):
        super().__post_init__()
        if self.stochastic_depth and self.shortcut == "none":
            raise UsageError("stochastic_depth needs shortcuts, which shortcut='none' leaves out")

    @property
    def smallest_size(self) -> int:
        return 4


def convolution(x, config: ResNetCIFAR, filters: int, size: int, strides: int, name: str):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters)."""
    return keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=config.shortcut == "projection",
        kernel_initializer="he_normal",
        name=name,
    )(x)


def shortcut(x, config: ResNetCIFAR, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height / 2, width / 2, filters)."""
    # Not a 1x1 convolution of stride 2: TensorFlow 2.21 on CPUs corrupts memory in its gradient, for less than 16 maps.
    x = keras.layers.AveragePooling2D(1, strides=2, padding="same", name=f"{name}_shortcut_subsample")(x)
    if config.shortcut == "projection":
        return convolution(x, config, filters, 1, 1, f"{name}_shortcut")
    zeros = filters - x.shape[-1]
    # Named channels-first, the last two axes, width and channels, are those that get padded.
    return keras.layers.ZeroPadding2D(
        ((0, 0), (0, zeros)), data_format="channels_first", name=f"{name}_shortcut_zeros"
    )(x)


def residual_block(x, config: ResNetCIFAR, filters: int, strides: int, drop: float, name: str):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters)."""
    y = convolution(x, config, filters, 3, strides, f"{name}_conv1")
    y = layers.BatchNormalization(name=f"{name}_norm1")(y)
    y = keras.layers.Activation("relu", name=f"{name}_relu1")(y)
    y = convolution(y, config, filters, 3, 1, f"{name}_conv2")
    y = layers.BatchNormalization(name=f"{name}_norm2")(y)
    if drop:
        y = keras.layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(y)
    if config.shortcut != "none":
        if strides == 2:
            x = shortcut(x, config, filters, name)
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return keras.layers.Activation("relu", name=f"{name}_relu2")(y)


def build(config: ResNetCIFAR) -> keras.Model:
    inputs, x = pixels(config)
    x = convolution(x, config, config.filters, 3, 1, "stem_conv")
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = keras.layers.Activation("relu", name="stem_relu")(x)
    for stage in (1, 2, 3):
        for block in range(1, config.blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            filters = config.filters * 2 ** (stage - 1)
            drop = config.stochastic_depth * ((stage - 1) * config.blocks + block) / (3 * config.blocks)
            x = residual_block(x, config, filters, strides, drop, f"stage{stage}_block{block}")
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    outputs = keras.layers.Dense(
        config.classes, activation=config.classifier_activation, kernel_initializer="he_normal", name="head"
    )(x)
    return keras.Model(inputs, outputs, name="resnet_cifar")


VARIANTS = {
    "resnet20": ResNetCIFAR(),
    "resnet32": ResNetCIFAR(blocks=5),
    "resnet44": ResNetCIFAR(blocks=7),
    "resnet56": ResNetCIFAR(blocks=9),
    "resnet110": ResNetCIFAR(blocks=18),
    "resnet1202": ResNetCIFAR(blocks=200),
}
