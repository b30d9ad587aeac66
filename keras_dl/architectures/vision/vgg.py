"""VGG networks: 3x3 convolutions throughout, 8 to 16 of them, and three dense layers.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, table 1.
Input: (batch, 224, 224, 3); output: (batch, classes) logits.

    name        parameters    trainable   convolutions    in the paper
    vgg11      132,863,336  132,863,336   1, 1, 2, 2, 2   A
    vgg13      133,047,848  133,047,848   2, 2, 2, 2, 2   B
    vgg16      138,357,544  138,357,544   2, 2, 3, 3, 3   D
    vgg19      143,667,240  143,667,240   2, 2, 4, 4, 4   E
    vgg11_bn   132,874,344  132,868,840   1, 1, 2, 2, 2
    vgg13_bn   133,059,624  133,053,736   2, 2, 2, 2, 2
    vgg16_bn   138,374,440  138,365,992   2, 2, 3, 3, 3
    vgg19_bn   143,689,256  143,678,248   2, 2, 4, 4, 4

The numbers in the names count the layers with weights. Batch normalisation is newer than the paper; with it the
networks are torchvision's, whose convolutions keep their biases: epsilon 1e-5, statistics that move by 0.1 a step.

The pixels are normalised as for the published weights: CAFFE for vgg16 and vgg19, which keras.applications has, TORCH
for the others. The dropout after the first two dense layers is the paper's and torchvision's; keras.applications has
none. For pictures of other sizes torchvision averages the last map into 7x7; here the first dense layer reads the map
as it is. Weights start from Glorot's distribution, which made the paper's own pre-training of shallower networks
unnecessary (its section 3.1).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import CAFFE, TORCH, ImageClassifier, pixels
from keras_dl.config import depth, width
from keras_dl.fields import Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class VGG(ImageClassifier):
    """Five stages of convolutions, each of which ends in a pooling, then two of one dense layer."""

    fixed_size: ClassVar[bool] = True

    filters: tuple[int, int, int, int, int] = width((64, 128, 256, 512, 512), low=8, high=1024)
    """filters of each convolution, by stage"""
    convolutions: tuple[int, int, int, int, int] = depth((2, 2, 3, 3, 3), low=1, high=4)
    """convolutions in each stage"""
    units: int = width(4096, low=64, high=8192)
    """units of each of the two dense layers before the classifier"""
    normalized: bool = False
    """whether batch normalisation follows each convolution"""
    dropout: Share = 0.5
    """rate of dropout after each of the two dense layers"""

    @property
    def smallest_size(self) -> int:
        return 32


def convolution(x, config: VGG, filters: int, name: str, number: int):
    """(batch, height, width, channels) -> (batch, height, width, filters)."""
    if not config.normalized:
        return keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv{number}")(x)
    x = keras.layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv{number}")(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm{number}")(x)
    return keras.layers.Activation("relu", name=f"{name}_relu{number}")(x)


def build(config: VGG) -> keras.Model:
    inputs, x = pixels(config)
    for stage, (filters, count) in enumerate(zip(config.filters, config.convolutions, strict=True), start=1):
        for number in range(1, count + 1):
            x = convolution(x, config, filters, f"stage{stage}", number)
        x = keras.layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
    x = keras.layers.Flatten(name="stage6_flatten")(x)
    for name in ("stage6", "stage7"):
        x = keras.layers.Dense(config.units, activation="relu", name=f"{name}_dense")(x)
        x = keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="vgg")


CONVOLUTIONS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
VARIANTS = {
    **{name: VGG(convolutions=CONVOLUTIONS[name], **TORCH) for name in ("vgg11", "vgg13")},
    **{name: VGG(convolutions=CONVOLUTIONS[name], **CAFFE) for name in ("vgg16", "vgg19")},
    **{f"{name}_bn": VGG(convolutions=counts, normalized=True, **TORCH) for name, counts in CONVOLUTIONS.items()},
}
