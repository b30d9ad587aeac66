"""Net-1 to Net-5: what local fields and shared weights are worth, on 16x16 digits.

LeCun, "Generalization and Network Design Strategies", University of Toronto CRG-TR-89-4, 1989; retold in Hastie,
Tibshirani & Friedman, "The Elements of Statistical Learning", 2nd ed. 2009, section 11.7, table 11.1.
Input: (batch, 16, 16, 1); output: (batch, 10) sigmoids, trained by squared error.

    name       parameters   links  hidden layers                                       correct, %
    esl_net1        2,570   2,570  none                                                      80.0
    esl_net2        3,214   3,214  12 units, fully connected                                 87.0
    esl_net3        1,226   1,226  8x8 local 3x3; 4x4 local 5x5                              88.5
    esl_net4        1,132   2,266  2 maps 8x8 shared 3x3; 4x4 local 5x5                      94.0
    esl_net5        1,060   5,194  2 maps 8x8 shared 3x3; 4 maps 4x4 shared 5x5              98.4

Fields step by two units. Every unit has a bias of its own, even where maps share a kernel; that is what the counts
say. Fields are centred on every second unit and reach over the upper and left border into a background of constant
-1, the value of an empty pixel and the lower end of tanh; links to it count, without them Net-3 would have 529
instead of 576 in its first layer. Hidden units are tanh: the book asks for sigmoids, the report for a symmetric
squashing function, and odd functions keep the second layer's inputs centred. Outputs are the book's sigmoids.
Weights start uniform within sqrt(3 / fan-in).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from keras_dl.architectures.vision import ImageClassifier, pixels
from keras_dl.config import width
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class ESLNet(ImageClassifier):
    """One of the five networks, or another of up to two hidden layers."""

    fixed_size: ClassVar[bool] = True

    input_shape: tuple[Count, Count, Count] = (16, 16, 1)
    classes: int = 10
    classifier_activation: Literal["softmax", "sigmoid", "tanh"] | None = "sigmoid"
    connectivity: tuple[Literal["dense", "local", "shared"], ...] = ("shared", "shared")
    """how each hidden layer sees the one below: all of it, a field with weights of its own, or with shared weights"""
    maps: tuple[int, ...] = width((2, 4), low=1, high=32)
    """maps of each hidden layer; units, where it is dense"""

    def __post_init__(self):
        super().__post_init__()
        if len(self.connectivity) > 2 or "dense" in self.connectivity[:-1]:
            raise UsageError(
                f"connectivity must name up to two hidden layers, a dense one last, got {', '.join(self.connectivity)}"
            )
        if len(self.maps) != len(self.connectivity):
            raise UsageError(
                f"maps must have a number for each of the {len(self.connectivity)} hidden layers, got {self.maps}"
            )


def hidden_layer(x, kind: str, maps: int, index: int):
    """(batch, height, width, maps) -> (batch, height / 2, width / 2, maps), or (batch, units) where it is dense."""
    if kind == "dense":
        x = keras.layers.Flatten(name=f"stage{index}_flatten")(x)
        return keras.layers.Dense(
            maps, activation="tanh", kernel_initializer="lecun_uniform", name=f"stage{index}_dense"
        )(x)
    fields = layers.LocallyConnected2D if kind == "local" else layers.LeCunConv2D
    size = 2 * index + 1
    return fields(
        maps,
        size,
        strides=2,
        padding=size // 2,
        padding_value=-1.0,
        activation="tanh",
        name=f"stage{index}_{kind}",
    )(x)


def build(config: ESLNet) -> keras.Model:
    inputs, x = pixels(config)
    for index, (kind, maps) in enumerate(zip(config.connectivity, config.maps, strict=True), start=1):
        x = hidden_layer(x, kind, maps, index)
    x = keras.layers.Flatten(name="head_flatten")(x)
    outputs = keras.layers.Dense(
        config.classes,
        activation=config.classifier_activation,
        kernel_initializer="lecun_uniform",
        name="head",
    )(x)
    return keras.Model(inputs, outputs, name="esl_nets")


VARIANTS = {
    "esl_net1": ESLNet(connectivity=(), maps=()),
    "esl_net2": ESLNet(connectivity=("dense",), maps=(12,)),
    "esl_net3": ESLNet(connectivity=("local", "local"), maps=(1, 1)),
    "esl_net4": ESLNet(connectivity=("shared", "local"), maps=(2, 1)),
    "esl_net5": ESLNet(),
}
