"""Residual networks for ImageNet, of 18 to 152 layers.

He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1.
Input: (batch, 224, 224, 3) or any size from 17x17 up; output: (batch, classes) logits.

    name        parameters   trainable   blocks           form    trainable in the other form
    resnet18    11,699,112  11,689,512   2, 2,  2, 2      torch
    resnet34    21,814,696  21,797,672   3, 4,  6, 3      torch
    resnet50    25,636,712  25,583,592   3, 4,  6, 3      keras   25,557,032
    resnet101   44,707,176  44,601,832   3, 4, 23, 3      keras   44,549,160
    resnet152   60,419,944  60,268,520   3, 8, 36, 3      keras   60,192,808

Two networks carry each of the names. `form="keras"` is keras.applications' and, but for the biases, the paper's: the
first 1x1 convolution of a stage has the stride of 2, convolutions have biases, the epsilon of batch normalisation is
1.001e-5. `form="torch"` is torchvision's and timm's, known as version 1.5: the 3x3 convolution has the stride,
convolutions have no biases, the epsilon is 1e-5 and the statistics move by 0.1 a step. Basic blocks have been published
in the second form only. Equal weights give different outputs in the two.

In both, zeros pad all sides alike, also where Keras's "same" would pad at the lower and right border only. The pixels
are normalised as for the weights published with each form: CAFFE for the one, TORCH for the other. The first
convolution's map is the stem; the max pooling after it opens stage 1.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from keras_dl.architectures.vision import CAFFE, TORCH, ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResNet(ImageClassifier):
    """A residual network of four stages."""

    filters: int = width(64, low=4, high=128)
    """filters of the stem and of the first stage's 3x3 convolutions; each further stage has twice as many"""
    blocks: tuple[int, int, int, int] = depth((3, 4, 6, 3), low=1, high=36)
    """residual blocks in each stage"""
    block: Literal["basic", "bottleneck"] = "bottleneck"
    """two 3x3 convolutions, or a 3x3 one between two of 1x1 of which the second has four times the filters"""
    form: Literal["keras", "torch"] = "keras"
    """whose network: keras.applications' or torchvision's"""

    def __post_init__(self):
        super().__post_init__()
        if self.block == "basic" and self.form == "keras":
            raise UsageError('block="basic" has no form "keras"; use form="torch"')

    @property
    def smallest_size(self) -> int:
        return 17  # the stride of the last stage has two positions to choose from


def convolution(x, config: ResNet, filters: int, size: int, strides: int, name: str, number: int | str = ""):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters), normalised."""
    torch = config.form == "torch"
    if padded := size > 1 and strides > 1:
        x = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_pad{number}")(x)
    x = keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="valid" if padded else "same",
        use_bias=not torch,
        kernel_initializer="he_normal" if torch else "glorot_uniform",
        name=f"{name}_conv{number}",
    )(x)
    return layers.BatchNormalization(
        momentum=0.9 if torch else 0.99, epsilon=1e-5 if torch else 1.001e-5, name=f"{name}_norm{number}"
    )(x)


def residual_block(x, config: ResNet, filters: int, strides: int, name: str):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters or four times as many)."""
    in_first = config.form == "keras"
    if config.block == "basic":
        plan = [(filters, 3, strides), (filters, 3, 1)]
    else:
        plan = [(filters, 1, 1), (filters, 3, 1 if in_first else strides), (4 * filters, 1, 1)]
    shortcut, outputs = x, plan[-1][0]
    if strides > 1:
        # Not by convolutions of stride 2: TensorFlow 2.21 on CPUs corrupts memory in the gradient of those of 1x1 from
        # fewer than 16 maps. Where the first 1x1 has the stride, it reads the same pixels.
        shortcut = keras.layers.AveragePooling2D(1, strides=strides, padding="same", name=f"{name}_subsample")(x)
        if in_first:
            x = shortcut
    for number, (channels, size, step) in enumerate(plan, start=1):
        if number > 1:
            x = keras.layers.Activation("relu", name=f"{name}_relu{number - 1}")(x)
        x = convolution(x, config, channels, size, step, name, number)
    if strides > 1 or shortcut.shape[-1] != outputs:
        shortcut = convolution(shortcut, config, outputs, 1, 1, f"{name}_shortcut")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.Activation("relu", name=f"{name}_relu{len(plan)}")(x)


def residual_stages(x, config: ResNet):
    """(batch, height, width, channels) -> (batch, features): four stages of blocks, and the mean of the last map."""
    for stage, blocks in enumerate(config.blocks, start=1):
        for block in range(1, blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            x = residual_block(x, config, config.filters * 2 ** (stage - 1), strides, f"stage{stage}_block{block}")
    return keras.layers.GlobalAveragePooling2D(name="head_pool")(x)


def build(config: ResNet) -> keras.Model:
    inputs, x = pixels(config)
    x = convolution(x, config, config.filters, 7, 2, "stem")
    x = keras.layers.Activation("relu", name="stem_relu")(x)
    x = keras.layers.ZeroPadding2D(1, name="stage1_pool_pad")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, name="stage1_pool")(x)
    x = residual_stages(x, config)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="resnet")


VARIANTS = {
    "resnet18": ResNet(blocks=(2, 2, 2, 2), block="basic", form="torch", **TORCH),
    "resnet34": ResNet(blocks=(3, 4, 6, 3), block="basic", form="torch", **TORCH),
    "resnet50": ResNet(blocks=(3, 4, 6, 3), **CAFFE),
    "resnet101": ResNet(blocks=(3, 4, 23, 3), **CAFFE),
    "resnet152": ResNet(blocks=(3, 8, 36, 3), **CAFFE),
}
