"""Small AlexNet of the study that fitted random labels: two convolutions and three dense layers, on CIFAR-10.

Zhang, Bengio, Hardt, Recht & Vinyals, "Understanding deep learning requires rethinking generalization", ICLR 2017,
appendix A and table 1.
Input: (batch, 28, 28, 3); output: (batch, classes) logits.

    name                 parameters  layers
    zhang_small_alexnet   1,387,786  2 x (5x5 convolution, 3x3 max pool of stride 2, normalisation), 384, 192, 10

The paper does not state the constants of the local response normalisation; those of TensorFlow's CIFAR-10 tutorial are
used, whose network has the same sizes: 9 maps, k = 1, alpha = 0.001 / 9, beta = 0.75. The study crops the pictures of
CIFAR-10 to their central 28x28 pixels and whitens each by its own mean and deviation; that is preparation of its data,
and the network here scales the pixels to -1..1 as all others do.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmallAlexNet(ImageClassifier):
    """Two convolutions, each with a pool and a normalisation, and two hidden dense layers."""

    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (28, 28, 3)
    classes: int = 10
    filters: tuple[int, int] = width((64, 64), low=8, high=128)
    """filters of the convolutions"""
    units: tuple[int, int] = width((384, 192), low=16, high=768)
    """units of the hidden dense layers"""

    @property
    def smallest_size(self) -> int:
        return 3


def module(x, filters: int, name: str):
    """(batch, height, width, channels) -> (batch, height / 2, width / 2, filters)."""
    x = keras.layers.Conv2D(filters, 5, padding="same", activation="relu", name=f"{name}_conv")(x)
    x = keras.layers.MaxPooling2D(3, 2, "same", name=f"{name}_pool")(x)
    return layers.LocalResponseNormalization(9, k=1.0, alpha=0.001 / 9, beta=0.75, name=f"{name}_norm")(x)


def build(config: SmallAlexNet) -> keras.Model:
    inputs, x = pixels(config)
    for stage, filters in enumerate(config.filters, start=1):
        x = module(x, filters, f"stage{stage}")
    x = keras.layers.Flatten(name="flatten")(x)
    for stage, units in enumerate(config.units, start=3):
        x = keras.layers.Dense(units, activation="relu", name=f"stage{stage}_dense")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="zhang_small_alexnet")


VARIANTS = {"zhang_small_alexnet": SmallAlexNet()}
