"""RotNet: a Network in Network that tells by how many quarters a picture was turned.

Gidaris, Singh & Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018, section
3.1. Input: `image`, (batch, 32, 32, 3) or any size from 4x4 up, pixels 0..255; output: (batch, 4) logits, or one for
each class where it learns classes.

    name    parameters  trainable  blocks
    rotnet   1,415,492  1,411,140  192-160-96, 192-192-192, 192-192-192, 192-192-192

The others are statistics of batch normalisation. A block is a convolution of 5x5, of 3x3 from the third on, and two of
1x1 (Lin, Chen & Yan, "Network In Network", ICLR 2014), none with a bias. Poolings of 3x3 halve the map after the first
block, by the largest, and after the second, by the mean, of which zeros of the border are a part, as in the authors'
code. The head reads the mean of the last map.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from keras_dl.architectures.vision import TORCH, ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class RotNet(ImageClassifier):
    """A Network in Network."""

    task: ClassVar[str] = "rotation"
    training: ClassVar[Mapping[str, Any]] = {"batch_size": 128}

    input_shape: tuple[Count, Count, Count] = (32, 32, 3)
    classes: int = 4
    pixel_scale: float | tuple[float, ...] = TORCH["pixel_scale"]
    pixel_offset: float | tuple[float, ...] = TORCH["pixel_offset"]
    first: tuple[int, int, int] = width((192, 160, 96), low=8, high=384)
    """filters of the three convolutions of the first block"""
    filters: int = width(192, low=8, high=384)
    """filters of those of every further block"""
    blocks: int = depth(4, low=1, high=6)
    """blocks of three convolutions"""

    @property
    def smallest_size(self) -> int:
        return 4


def block(x, filters: tuple[int, int, int], size: int, name: str):
    """(batch, height, width, channels) -> (batch, height, width, the last of `filters`)."""
    for number, (count, kernel) in enumerate(zip(filters, (size, 1, 1), strict=True), start=1):
        x = keras.layers.Conv2D(
            count, kernel, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv{number}"
        )(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm{number}")(x)
        x = keras.layers.ReLU(name=f"{name}_relu{number}")(x)
    return x


def build(config: RotNet) -> keras.Model:
    inputs, x = pixels(config)
    poolings = {1: keras.layers.MaxPooling2D, 2: keras.layers.AveragePooling2D}
    for number in range(1, config.blocks + 1):
        name = f"stage{number}"
        x = block(x, config.first if number == 1 else (config.filters,) * 3, 5 if number <= 2 else 3, name)
        if number in poolings:
            x = keras.layers.ZeroPadding2D(1, name=f"{name}_border")(x)  # no number behind a rectifier is smaller
            x = poolings[number](3, 2, name=f"{name}_pool")(x)
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="rotnet")


VARIANTS = {"rotnet": RotNet()}
