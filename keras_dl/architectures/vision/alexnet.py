"""AlexNet: five convolutional and three dense layers, in two towers or in one.

Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012, section 3.
Input: (batch, 227, 227, 3), 224x224 for alexnet_owt; output: (batch, classes) logits.

    name               parameters   towers   filters
    alexnet            60,965,224   two       96, 256, 384, 384, 256
    alexnet_ungrouped  62,378,344   one       96, 256, 384, 384, 256
    alexnet_owt        61,100,840   one       64, 192, 384, 256, 256

`alexnet` has the paper's two towers, which then were two graphics cards: the second, fourth and fifth convolution read
only the maps of their own tower, so their groups are two. Local response normalisation sums over all neighbouring maps,
as the paper's formula says; the authors' code stayed within a tower. The paper's pictures of 224 pixels do not give its
55x55 units; 227 do. It subtracts the mean picture, here the mean of each channel, as Caffe's copy of the network does.

`alexnet_owt` is the network of Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
arXiv:1404.5997, 2014, in torchvision's form, which has published weights: other filters, two pixels of zeros around a
picture of 224, no local response normalisation. For pictures of other sizes torchvision averages the last map into 6x6;
here the first dense layer reads the map as it is. Dropout follows each of the first two dense layers, as in the paper;
torchvision has it before them.

Weights start from Glorot's distribution and biases from 0, which suits any width; the paper draws from a normal
distribution with a deviation of 0.01 and sets some biases to 1.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import CAFFE, TORCH, ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NaturalNumber, Share
from keras_dl.lazy import keras, layers

KERNELS = (11, 5, 3, 3, 3)
POOLED = (1, 2, 5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlexNet(ImageClassifier):
    """Five stages of one convolution each, then two of one dense layer."""

    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (227, 227, 3)
    pixel_scale: float | tuple[float, ...] = CAFFE["pixel_scale"]
    pixel_offset: float | tuple[float, ...] = CAFFE["pixel_offset"]
    filters: tuple[int, int, int, int, int] = width((96, 256, 384, 384, 256), low=16, high=768, multiple_of=2)
    """filters of each convolution, of both towers together"""
    units: int = width(4096, low=64, high=8192)
    """units of each of the two dense layers before the classifier"""
    two_towers: bool = True
    """whether the second, fourth and fifth convolution see only half of the maps below, those of their own tower"""
    response_normalization: bool = True
    """whether the first two convolutions' outputs are divided by a measure of the neighbouring maps"""
    padding: NaturalNumber = 0
    """zeros on each side of the picture"""
    dropout: Share = 0.5
    """rate of dropout after each of the two dense layers"""

    def __post_init__(self):
        super().__post_init__()
        odd = [filters for filters in self.filters if filters % 2]
        if self.two_towers and odd:
            raise UsageError(f"filters must be even for two towers, got {odd[0]}; use {odd[0] + 1}")

    @property
    def smallest_size(self) -> int:
        return max(1, 67 - 2 * self.padding)  # 15, 7, 3 and 1 units after the first convolution and the poolings


def stage(x, config: AlexNet, number: int):
    """(batch, height, width, channels) -> (batch, rows, columns, filters): a convolution and what follows it."""
    name = f"stage{number}"
    if number == 1 and config.padding:
        x = keras.layers.ZeroPadding2D(config.padding, name=f"{name}_pad")(x)
    x = keras.layers.Conv2D(
        config.filters[number - 1],
        KERNELS[number - 1],
        strides=4 if number == 1 else 1,
        padding="valid" if number == 1 else "same",
        groups=2 if config.two_towers and number in (2, 4, 5) else 1,
        activation="relu",
        name=f"{name}_conv",
    )(x)
    if config.response_normalization and number <= 2:
        x = layers.LocalResponseNormalization(name=f"{name}_norm")(x)
    if number in POOLED:
        x = keras.layers.MaxPooling2D(3, strides=2, name=f"{name}_pool")(x)
    return x


def build(config: AlexNet) -> keras.Model:
    inputs, x = pixels(config)
    for number in range(1, 6):
        x = stage(x, config, number)
    x = keras.layers.Flatten(name="stage6_flatten")(x)
    for name in ("stage6", "stage7"):
        x = keras.layers.Dense(config.units, activation="relu", name=f"{name}_dense")(x)
        x = keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="alexnet")


VARIANTS = {
    "alexnet": AlexNet(),
    "alexnet_ungrouped": AlexNet(two_towers=False),
    "alexnet_owt": AlexNet(
        input_shape=(224, 224, 3),
        filters=(64, 192, 384, 256, 256),
        two_towers=False,
        response_normalization=False,
        padding=2,
        **TORCH,
    ),
}
PAPERS = {"alexnet_owt": ("One weird trick for parallelizing convolutional neural networks", "2014")}
