"""Small Inception of the study that fitted random labels: Inception modules of two branches, on CIFAR-10.

Zhang, Bengio, Hardt, Recht & Vinyals, "Understanding deep learning requires rethinking generalization", ICLR 2017,
appendix A and table 1.
Input: (batch, 28, 28, 3) or any size from 3x3 up; output: (batch, classes) logits.

    name                   parameters  trainable
    zhang_small_inception   1,652,826  1,649,402

The paper's 1,649,402 are the trainable ones. They need convolutions without biases and a batch normalisation that
shifts but does not scale, as TF-Slim has them by default; its momentum (0.999) and epsilon (1e-3) are taken from there
too. Every convolution is normalised and rectified. The study crops the pictures of CIFAR-10 to their central 28x28
pixels and whitens each by its own mean and deviation; that is preparation of its data, and the network here scales the
pixels to -1..1 as all others do. The mean over 7x7 pixels at the end is one over all pixels.
"""

from __future__ import annotations

import dataclasses

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmallInception(ImageClassifier):
    """Three rows of Inception modules; each but the first begins by halving height and width."""

    input_shape: tuple[Count, Count, Count] = (28, 28, 3)
    classes: int = 10
    stem_filters: int = width(96, low=8, high=192)
    """filters of the first convolution"""
    row1: tuple[int, ...] = width((32, 32, 32, 48), low=8, high=256)
    """filters of the 1x1 and of the 3x3 convolution of one module after the other"""
    row2: tuple[int, ...] = width((112, 48, 96, 64, 80, 80, 48, 96), low=8, high=256)
    """the same for the second row"""
    row3: tuple[int, ...] = width((176, 160, 176, 160), low=8, high=256)
    """the same for the third row"""
    downsampling: tuple[int, int] = width((80, 96), low=8, high=256)
    """filters of the 3x3 convolution of stride 2 before the second and the third row"""
    momentum: Share = 0.999
    """share of the old in the running statistics of batch normalisation; fewer than some thousand steps want a lower"""

    def __post_init__(self):
        super().__post_init__()
        for name in ("row1", "row2", "row3"):
            row = getattr(self, name)
            if len(row) % 2:
                raise UsageError(
                    f"{name} must name two numbers of filters for each module, 1x1 and 3x3, got {len(row)} numbers; "
                    f"use {len(row) - 1} or {len(row) + 1}"
                )

    @property
    def smallest_size(self) -> int:
        return 3


def convolution(x, config: SmallInception, filters: int, size: int, strides: int, name: str):
    """(batch, height, width, channels) -> (batch, height / strides, width / strides, filters)."""
    x = keras.layers.Conv2D(filters, size, strides, "same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=config.momentum, epsilon=1e-3, scale=False, name=f"{name}_norm")(x)
    return keras.layers.Activation("relu", name=f"{name}_relu")(x)


def inception(x, config: SmallInception, ones: int, threes: int, name: str):
    """(batch, height, width, channels) -> (batch, height, width, ones + threes)."""
    branches = [convolution(x, config, ones, 1, 1, f"{name}_1x1"), convolution(x, config, threes, 3, 1, f"{name}_3x3")]
    return keras.layers.Concatenate(name=f"{name}_concat")(branches)


def downsample(x, config: SmallInception, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height / 2, width / 2, filters + channels)."""
    branches = [
        convolution(x, config, filters, 3, 2, f"{name}_3x3"),
        keras.layers.MaxPooling2D(3, 2, "same", name=f"{name}_pool")(x),
    ]
    return keras.layers.Concatenate(name=f"{name}_concat")(branches)


def build(config: SmallInception) -> keras.Model:
    inputs, x = pixels(config)
    x = convolution(x, config, config.stem_filters, 3, 1, "stem")
    for stage, row in enumerate((config.row1, config.row2, config.row3), start=1):
        if stage > 1:
            x = downsample(x, config, config.downsampling[stage - 2], f"stage{stage}_downsample")
        for block, (ones, threes) in enumerate(zip(row[::2], row[1::2], strict=True), start=1):
            x = inception(x, config, ones, threes, f"stage{stage}_block{block}")
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="zhang_small_inception")


VARIANTS = {"zhang_small_inception": SmallInception()}
