"""Sums of a few units that feed each other as a tree, for functions that are composed in the same way.

Mhaskar, Liao & Poggio, "When and Why Are Deep Networks Better than Shallow Ones?", AAAI 2017; Poggio et al., "Why and
when can deep-but not shallow-networks avoid the curse of dimensionality", IJAC 2017, theorem 4.
Input: (batch, 8), or any shape of fan_in^levels numbers; output: (batch, 1).

    name              parameters  nodes  numbers into a node  units a node
    poggio_tree              280      7                    2            10
    poggio_shallow           700      1                    8            70

A node computes sum_i a_i s(<v_i, x> + t_i) over its Q units; it has no further bias, and no two nodes share weights.
Nodes of the first level see `fan_in` neighbouring inputs each, those above them as many nodes, up to the one that is
the output. A tree over n inputs with nodes of two has n - 1 nodes and 4Q(n - 1) weights. With `fan_in` = n there is one
node, the authors' shallow network of N units and N(n + 2) weights. With as many units it has 2.5 times the weights of
the tree. The authors take a smoothed ReLU for s and do not say which; here it is GELU.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from keras_dl.config import Config, width
from keras_dl.errors import UsageError
from keras_dl.fields import Counts, at_least
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compositional(Config):
    """A tree of nodes, each a sum of `units` units; as deep as the inputs need."""

    task: ClassVar[str] = "classification"
    classifier_activation: ClassVar[None] = None

    input_shape: Counts = (8,)
    """shape of one input, flattened first: a power of `fan_in` numbers"""
    classes: int = 1
    """number of outputs: one value, a logit where there are two classes"""
    fan_in: Annotated[int, at_least(2)] = 2
    """numbers that a node sees: inputs, or the nodes below"""
    units: int = width(10, low=2, high=200)
    """units of each node"""
    activation: Literal["gelu", "relu", "softplus", "tanh", "sigmoid"] = "gelu"
    """activation of the units"""

    def __post_init__(self):
        super().__post_init__()
        inputs = math.prod(self.input_shape)
        if inputs != self.fan_in**self.levels:
            raise UsageError(f"a tree of nodes of {self.fan_in} needs a power of that as inputs, got {inputs}")
        if self.classes != 1:
            raise UsageError(f"{self.family} has one output, so classes must be 1, got {self.classes}; use mlp")

    @property
    def levels(self) -> int:
        """Levels of nodes between the inputs and the output."""
        return max(1, round(math.log(math.prod(self.input_shape), self.fan_in)))

    @property
    def follows_data(self) -> tuple[str, ...]:
        return ("input_shape",)

    def for_data(self, spec: Spec) -> Self:
        spec.check_numbers(self.family)
        if spec.classes != 2:
            raise UsageError(f"{self.family} has one output for 2 classes, {spec.name} has {spec.classes}; use mlp")
        return self.replace(input_shape=spec.shape)


def level(x, config: Compositional, index: int):
    """(batch, nodes * fan_in) -> (batch, nodes)."""
    nodes = config.fan_in ** (config.levels - index)
    x = keras.layers.Reshape((nodes, 1, config.fan_in), name=f"stage{index}_fields")(x)
    x = layers.LocallyConnected2D(config.units, 1, activation=config.activation, name=f"stage{index}_units")(x)
    x = keras.layers.Reshape((nodes, config.units), name=f"stage{index}_nodes")(x)
    last = index == config.levels
    return keras.layers.EinsumDense("bnq,nq->bn", nodes, name="head" if last else f"stage{index}_sums")(x)


def build(config: Compositional) -> keras.Model:
    inputs = keras.Input(config.input_shape, name="features")
    x = keras.layers.Flatten(name="flatten")(inputs)
    for index in range(1, config.levels + 1):
        x = level(x, config, index)
    return keras.Model(inputs, x, name="compositional")


VARIANTS = {"poggio_tree": Compositional(), "poggio_shallow": Compositional(fan_in=8, units=70)}
