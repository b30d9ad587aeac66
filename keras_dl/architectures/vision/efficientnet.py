"""EfficientNet B0 to B7: one network, scaled in width, depth and resolution together.

Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, tables 1 and 2.
Input: (batch, 224, 224, 3) or any size from 17x17 up; output: (batch, classes) logits.

    name              parameters   trainable   width   depth   resolution   dropout
    efficientnet_b0    5,330,571   5,288,548     1.0     1.0          224       0.2
    efficientnet_b1    7,856,239   7,794,184     1.0     1.1          240       0.2
    efficientnet_b2    9,177,569   9,109,994     1.1     1.2          260       0.3
    efficientnet_b3   12,320,535  12,233,232     1.2     1.4          300       0.3
    efficientnet_b4   19,466,823  19,341,616     1.4     1.8          380       0.4
    efficientnet_b5   30,562,527  30,389,784     1.6     2.2          456       0.4
    efficientnet_b6   43,265,143  43,040,704     1.8     2.6          528       0.5
    efficientnet_b7   66,658,687  66,347,960     2.0     3.1          600       0.5

The filters of B0 times the width are rounded to multiples of 8, its repeats times the depth are rounded up. The
coefficients are those of the authors' code, which their formula 1.2^phi, 1.1^phi, 1.15^phi gives only roughly.

This is the network of keras.applications, which follows the authors' code: squeeze-and-excitation to a quarter of the
block's inputs, swish, padding as in TensorFlow, an epsilon of 1e-3. Pixels are divided by 255, then normalised by a
mean and variance that are weights: 7 numbers with their count, part of the totals. In a fresh network they are 0 and
1; published weights bring ImageNet's, `keras.Model.get_layer("stem_normalization").adapt` computes one's own.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

from keras_dl.architectures.vision import pixels
from keras_dl.architectures.vision.inverted_residuals import InvertedResiduals, Row, network, rounded
from keras_dl.config import depth, width
from keras_dl.fields import Share
from keras_dl.lazy import keras, layers

ROWS = (
    Row(expansion=1, kernel_size=3, filters=16, repeats=1, strides=1),
    Row(expansion=6, kernel_size=3, filters=24, repeats=2, strides=2),
    Row(expansion=6, kernel_size=5, filters=40, repeats=2, strides=2),
    Row(expansion=6, kernel_size=3, filters=80, repeats=3, strides=2),
    Row(expansion=6, kernel_size=5, filters=112, repeats=3, strides=1),
    Row(expansion=6, kernel_size=5, filters=192, repeats=4, strides=2),
    Row(expansion=6, kernel_size=3, filters=320, repeats=1, strides=1),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EfficientNet(InvertedResiduals):
    """B0, wider and deeper by two coefficients."""

    squeeze: ClassVar[float] = 0.25

    pixel_scale: float | tuple[float, ...] = 1 / 255
    pixel_offset: float | tuple[float, ...] = 0.0
    width_coefficient: float = width(1.0, low=0.25, high=2.0)
    """factor on the filters of B0"""
    depth_coefficient: float = depth(1.0, low=0.25, high=3.1)
    """factor on the repeats of B0, which are rounded up"""
    dropout: Share = 0.2
    """rate of dropout before the classifier"""
    drop_connect: Share = 0.2
    """rate at which the last block would be skipped in training; it rises evenly from 0 at the first"""

    @property
    def stem_filters(self) -> int:
        return rounded(32 * self.width_coefficient)

    @property
    def last_filters(self) -> int:
        return rounded(1280 * self.width_coefficient)

    def rows(self) -> list[Row]:
        return [
            row._replace(
                filters=rounded(row.filters * self.width_coefficient),
                repeats=math.ceil(row.repeats * self.depth_coefficient),
            )
            for row in ROWS
        ]


def build(config: EfficientNet) -> keras.Model:
    inputs, x = pixels(config)
    x = layers.StoredNormalization(name="stem_normalization")(x)
    return network(inputs, x, config)


def variant(width_coefficient: float, depth_coefficient: float, resolution: int, dropout: float) -> EfficientNet:
    return EfficientNet(
        input_shape=(resolution, resolution, 3),
        width_coefficient=width_coefficient,
        depth_coefficient=depth_coefficient,
        dropout=dropout,
    )


VARIANTS = {
    "efficientnet_b0": variant(1.0, 1.0, 224, 0.2),
    "efficientnet_b1": variant(1.0, 1.1, 240, 0.2),
    "efficientnet_b2": variant(1.1, 1.2, 260, 0.3),
    "efficientnet_b3": variant(1.2, 1.4, 300, 0.3),
    "efficientnet_b4": variant(1.4, 1.8, 380, 0.4),
    "efficientnet_b5": variant(1.6, 2.2, 456, 0.4),
    "efficientnet_b6": variant(1.8, 2.6, 528, 0.5),
    "efficientnet_b7": variant(2.0, 3.1, 600, 0.5),
}
