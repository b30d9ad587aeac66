"""LeNet-5 as published: partial connections, trainable subsampling, outputs that compare with drawn digits.

LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11),
1998. Input: (batch, 32, 32, 1), the digit in the middle; output: (batch, 10) logits, which are minus the squared
distances of the RBF units, so that the highest wins.

    name         parameters  trainable    links  layers
    lenet5_1998      60,840     60,000  340,908  C1 6, S2, C3 16, S4, C5 120, F6 84, RBF 10

All units up to F6 apply 1.7159 tanh(2x / 3). Each map of C3 sees three, four or six maps of S2, by the paper's
table I. The RBF centres are fixed: a bitmap of 7x12 pixels for each digit, +1 for ink and -1 for paper. The paper
shows its bitmaps only as a figure; those below are drawn for this package, and there are ten of them, so classes
must be 10. Cross-entropy over the outputs is the paper's discriminative criterion (eq. 9) without its constant for
rubbish classes.

Weights start uniform within 2.4 / sqrt(fan-in); C3, whose fan-ins differ, takes their average. The paper
divides by the fan-in itself, which leaves F6 near 0, far from the codes' +1 and -1: with Adam such a network
learns more slowly (90 % instead of 94 % of digits right after three passes over 12,000 of MNIST). Gains of
the subsampling start at 1/4, an average. Empty pixels become -0.1 and full ones 1.175, which gives the
paper's images a mean near 0 and a variance near 1.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers

C3_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)

BITMAPS = """
..###..  ...##..  ..####.  #######  ....##.
.##.##.  ..###..  .##..##  #######  ...###.
##...##  .####..  ##...##  ....##.  ..####.
##...##  ...##..  .....##  ...##..  .##.##.
##...##  ...##..  .....##  ..####.  .##.##.
##...##  ...##..  ....##.  .....##  ##..##.
##...##  ...##..  ...##..  .....##  ##..##.
##...##  ...##..  ..##...  .....##  #######
##...##  ...##..  .##....  .....##  #######
##...##  ...##..  ##.....  ##...##  ....##.
.##.##.  .######  #######  .##.##.  ....##.
..###..  .######  #######  ..###..  ....##.

#######  ...###.  #######  ..###..  ..###..
#######  ..##...  #######  .##.##.  .##.##.
##.....  .##....  .....##  ##...##  ##...##
##.....  ##.....  .....##  ##...##  ##...##
#####..  ##.....  ....##.  .##.##.  ##...##
.....#.  ##.###.  ....##.  ..###..  ##..###
.....##  ###..##  ...##..  .##.##.  .###.##
.....##  ##...##  ...##..  ##...##  .....##
.....##  ##...##  ..##...  ##...##  .....##
##...##  ##...##  ..##...  ##...##  ....##.
.##.##.  .##.##.  ..##...  .##.##.  ...##..
..###..  ..###..  ..##...  ..###..  .###...
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeNet5(ImageClassifier):
    """The network of 1998. Its table, its codes and its ten classes are fixed; C5 may be wider."""

    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (32, 32, 1)
    classes: int = 10
    pixel_scale: float = 1.275 / 255
    pixel_offset: float = -0.1
    c5_units: int = width(120, low=30, high=480)
    """units of C5"""

    def __post_init__(self):
        super().__post_init__()
        if self.classes != 10:
            raise UsageError(
                f"{self.family} compares with bitmaps of the ten digits, so classes must be 10, got {self.classes}; "
                "use lenet5_modern"
            )

    @property
    def smallest_size(self) -> int:
        return 16


def codes() -> list[list[float]]:
    """The bitmaps of 0 to 9, row by row: ten lists of 84 values, each 1 or -1."""
    bands = [[line.split() for line in band.split("\n")] for band in BITMAPS.strip().split("\n\n")]
    digits = ["".join(rows) for band in bands for rows in zip(*band, strict=True)]
    return [[1.0 if pixel == "#" else -1.0 for pixel in digit] for digit in digits]


def uniform(fan_in: float):
    """Weights uniform within 2.4 / sqrt(fan-in)."""
    limit = 2.4 / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-limit, limit)


def maps(x, filters: int, table, fan_in: float, name: str):
    """(batch, height, width, channels) -> (batch, height - 4, width - 4, filters)."""
    return layers.LeCunConv2D(
        filters,
        5,
        bias="map",
        table=table,
        activation=layers.scaled_tanh,
        kernel_initializer=uniform(fan_in),
        name=name,
    )(x)


def units(x, count: int, name: str):
    """(batch, inputs) -> (batch, count)."""
    return keras.layers.Dense(count, activation=layers.scaled_tanh, kernel_initializer=uniform(x.shape[-1]), name=name)(
        x
    )


def build(config: LeNet5) -> keras.Model:
    inputs, x = pixels(config)
    x = maps(x, 6, None, 25 * config.input_shape[2], "stage1_c1")
    x = layers.TrainableSubsampling2D(activation=layers.scaled_tanh, name="stage1_s2")(x)
    connections = sum(len(row) for row in C3_TABLE)
    x = maps(x, len(C3_TABLE), C3_TABLE, 25 * connections / len(C3_TABLE), "stage2_c3")
    x = layers.TrainableSubsampling2D(activation=layers.scaled_tanh, name="stage2_s4")(x)
    x = keras.layers.Flatten(name="stage3_flatten")(x)
    x = units(x, config.c5_units, "stage3_c5")
    x = units(x, len(codes()[0]), "stage3_f6")
    outputs = layers.RBFOutput(codes(), name="head")(x)
    if config.classifier_activation:
        outputs = keras.layers.Activation(config.classifier_activation, name="head_activation")(outputs)
    return keras.Model(inputs, outputs, name="lenet5_1998")


VARIANTS = {"lenet5_1998": LeNet5()}
