"""DeepCluster's network: an AlexNet with batch normalisation that sees no colours, and names clusters of its features.

Caron, Bojanowski, Joulin & Douze, "Deep Clustering for Unsupervised Learning of Visual Features", ECCV 2018, section 4.
Input: `image`, (batch, 224, 224, 3), pixels 0..255; output: (batch, classes) logits, one for each cluster.

    name         parameters   trainable  filters                  units  clusters
    deepcluster  99,245,232  99,242,480  96, 256, 384, 384, 256    4096    10,000

The others are statistics of batch normalisation. Sobel's filters of the mean of the colours, which do not learn, take
the place of the pixels. Two poolings follow the first two convolutions and one the last; there is one tower and no
local response normalisation. Clusters are those of what the head reads, after its rectifier; the authors' code leaves
that out where it clusters.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.architectures.vision import TORCH, ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers

KERNELS = (11, 5, 3, 3, 3)
POOLED = (1, 2, 5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeepCluster(ImageClassifier):
    """Five stages of one convolution each, then two of one dense layer."""

    task: ClassVar[str] = "clustering"
    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (224, 224, 3)
    classes: int = 10_000
    pixel_scale: float | tuple[float, ...] = TORCH["pixel_scale"]
    pixel_offset: float | tuple[float, ...] = TORCH["pixel_offset"]
    filters: tuple[int, int, int, int, int] = width((96, 256, 384, 384, 256), low=16, high=768)
    """filters of each convolution"""
    units: int = width(4096, low=64, high=8192)
    """units of each of the two dense layers before the head"""
    dropout: Share = 0.5
    """rate of dropout before each of them"""

    @property
    def smallest_size(self) -> int:
        return 63  # 15, 7, 3 and 1 units after the first convolution and the poolings


def stage(x, config: DeepCluster, number: int):
    """(batch, height, width, channels) -> (batch, rows, columns, filters)."""
    name, filters, kernel = f"stage{number}", config.filters[number - 1], KERNELS[number - 1]
    if number == 1:
        x = keras.layers.ZeroPadding2D(2, name=f"{name}_border")(x)
    steps = {"strides": 4, "padding": "valid"} if number == 1 else {"padding": "same"}
    x = keras.layers.Conv2D(filters, kernel, **steps, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return keras.layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x) if number in POOLED else x


def build(config: DeepCluster) -> keras.Model:
    inputs, x = pixels(config)
    x = layers.Sobel2D(name="edges")(x)
    for number in range(1, 6):
        x = stage(x, config, number)
    x = keras.layers.Flatten(name="stage6_flatten")(x)
    for name in ("stage6", "stage7"):
        x = keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)
        x = keras.layers.Dense(config.units, activation="relu", name=f"{name}_dense")(x)
    outputs = keras.layers.Dense(config.classes, activation=config.classifier_activation, name="head")(x)
    return keras.Model(inputs, outputs, name="deepcluster")


VARIANTS = {"deepcluster": DeepCluster()}
