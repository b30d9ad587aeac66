"""The first convolutional network trained by back-propagation on real data: handwritten zip codes.

LeCun, Boser, Denker, Henderson, Howard, Hubbard & Jackel, "Backpropagation Applied to Handwritten Zip Code
Recognition", Neural Computation 1(4), 1989; the second variant after Karpathy, "Deep Neural Nets: 33 years ago and
33 years from now", 2022.
Input: (batch, 16, 16, 1); output: (batch, 10), tanh for targets of +1 and -1, or logits.

    name               parameters   links  hidden  output  dropout
    lecun1989_zip           9,760  64,660  tanh    tanh    none
    lecun1989_modern        9,760  64,660  ReLU    logits  0.25

H1 has 12 maps of 8x8 units, H2 12 maps of 4x4, both with shared 5x5 kernels, steps of two and a bias for each unit;
H3 has 30 units. Around a layer lies a constant background of -1. Every map of H2 sees 8 of the 12 maps of H1; the
paper does not say which, so Karpathy's guess is taken: of three equal groups of maps the first third of H2 sees
groups 1 and 2, the second 2 and 3, the third 1 and 3. Where the paper divides the range of initial weights by the
fan-in, Karpathy's code, followed here, divides by its square root: 2.4 / sqrt(fan-in). With tanh outputs the output
biases start at -1, close to the targets' mean.

Sources disagree on where dropout goes: Karpathy's code drops H2's outputs, the lecture notebook that follows it drops
H3's. `dropout_after` chooses; the default is Karpathy's.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Literal

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeCun1989(ImageClassifier):
    """The network of 1989: H1, H2, H3 and the output."""

    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (16, 16, 1)
    classes: int = 10
    classifier_activation: Literal["softmax", "sigmoid", "tanh"] | None = "tanh"
    h1_maps: int = width(12, low=3, high=48, multiple_of=3)
    """maps of H1, a multiple of 3"""
    h2_maps: int = width(12, low=3, high=48, multiple_of=3)
    """maps of H2, a multiple of 3; each sees two thirds of the maps of H1"""
    h3_units: int = width(30, low=10, high=120)
    """units of H3"""
    activation: Literal["tanh", "relu"] = "tanh"
    """activation of H1, H2 and H3"""
    dropout: Share = 0.0
    """fraction of units dropped"""
    dropout_after: Literal["h2", "h3"] = "h2"
    """the layer whose outputs are dropped"""

    def __post_init__(self):
        super().__post_init__()
        for name in ("h1_maps", "h2_maps"):
            if getattr(self, name) % 3:
                raise UsageError(f"{name} must be a multiple of 3, got {getattr(self, name)}")

    @property
    def h2_table(self) -> tuple[tuple[int, ...], ...]:
        """For each map of H2, the maps of H1 that it sees."""
        third = self.h1_maps // 3
        first, second, last = (range(i * third, (i + 1) * third) for i in range(3))
        pairs = ((*first, *second), (*second, *last), (*first, *last))
        return tuple(pairs[i * 3 // self.h2_maps] for i in range(self.h2_maps))


def uniform(fan_in: int):
    """Weights uniform within 2.4 / sqrt(fan-in)."""
    limit = 2.4 / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-limit, limit)


def maps(x, config: LeCun1989, filters: int, table, fan_in: int, name: str):
    """(batch, height, width, channels) -> (batch, height / 2, width / 2, filters)."""
    return layers.LeCunConv2D(
        filters,
        5,
        strides=2,
        padding=2,
        padding_value=-1.0,
        table=table,
        activation=config.activation,
        kernel_initializer=uniform(fan_in),
        name=name,
    )(x)


def build(config: LeCun1989) -> keras.Model:
    inputs, x = pixels(config)
    x = maps(x, config, config.h1_maps, None, 25 * config.input_shape[2], "stage1_h1")
    x = maps(x, config, config.h2_maps, config.h2_table, 25 * len(config.h2_table[0]), "stage2_h2")
    x = keras.layers.Flatten(name="stage3_flatten")(x)
    if config.dropout and config.dropout_after == "h2":
        x = keras.layers.Dropout(config.dropout, name="stage3_dropout")(x)
    x = keras.layers.Dense(
        config.h3_units,
        activation=config.activation,
        kernel_initializer=uniform(x.shape[-1]),
        name="stage3_h3",
    )(x)
    if config.dropout and config.dropout_after == "h3":
        x = keras.layers.Dropout(config.dropout, name="head_dropout")(x)
    outputs = keras.layers.Dense(
        config.classes,
        activation=config.classifier_activation,
        kernel_initializer=uniform(config.h3_units),
        bias_initializer=keras.initializers.Constant(-1.0 if config.classifier_activation == "tanh" else 0.0),
        name="head",
    )(x)
    return keras.Model(inputs, outputs, name="lecun1989")


VARIANTS = {
    "lecun1989_zip": LeCun1989(),
    "lecun1989_modern": LeCun1989(classifier_activation=None, activation="relu", dropout=0.25),
}
