"""Boltzmann machines in layers: the restricted one, which has one hidden layer, and the deep one, which has more.

Smolensky, "Information processing in dynamical systems: foundations of harmony theory", 1986; Hinton, "Training
products of experts by minimizing contrastive divergence", Neural Computation 14, 2002; Salakhutdinov & Hinton, "Deep
Boltzmann Machines", AISTATS 2009, section 4.1. Input: `image`, (batch, height, width, channels), pixels 0..255, or
`features`, (batch, features), of 0..1; output: a dict of `hidden1`, `hidden2` .., the probabilities that hidden units
are 1, (batch, units) each, and `visible`, the logits of the input made again of these, in its shape.

    name  parameters  units
    rbm      393,284  784-500
    dbm      894,284  784-500-1000

All units are binary: an input, divided by 255 if it is a pixel, is the probability of a 1. What hidden units say of it
is exact in the restricted machine and the mean field in the deep one, by a fixed number of rounds in place of some
threshold, so that the network is a static function with a gradient. Weights start from N(0, .01), biases from 0.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Counts
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoltzmannMachine(Config):
    """Layers of binary units, each connected with its neighbours."""

    task: ClassVar[str] = "contrastive_divergence"
    training: ClassVar[Mapping[str, Any]] = {
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "schedule": "linear",
        "batch_size": 100,
        "weight_decay": 2e-4,
    }

    input_shape: Counts = (28, 28, 1)
    """height, width and channels of a picture, or the number of features"""
    units: Counts = width((500,), low=16, high=2000)
    """units of the hidden layers"""
    rounds: Count = 10
    """how often the mean field of several hidden layers is found anew"""

    def for_data(self, spec: Spec) -> Self:
        if spec.kind not in ("image", "features"):
            raise UsageError(f"a {self.family} takes pictures or features, {spec.name} is {spec.kind}")
        return super().for_data(spec)

    def representation(self, network: keras.Model) -> keras.Model:
        """The probabilities of the highest hidden units, (batch, units)."""
        return keras.Model(network.input, network.output[f"hidden{len(self.units)}"], name="representation")


def build(config: BoltzmannMachine) -> keras.Model:
    pictures = len(config.input_shape) == 3
    inputs = keras.Input(config.input_shape, name="image" if pictures else "features")
    x = keras.layers.Rescaling(1 / 255, name="normalization")(inputs) if pictures else inputs
    x = keras.layers.Reshape((math.prod(config.input_shape),), name="flatten")(x)
    *hidden, visible = layers.BoltzmannMachine(config.units, config.rounds, name="machine")(x)
    outputs = {f"hidden{place}": states for place, states in enumerate(hidden, start=1)}
    outputs["visible"] = keras.layers.Reshape(config.input_shape, name="visible")(visible)
    return keras.Model(inputs, outputs, name="boltzmann_machine")


VARIANTS = {"rbm": BoltzmannMachine(), "dbm": BoltzmannMachine(units=(500, 1000))}
