"""Deep belief networks: restricted Boltzmann machines, one upon the other, and the classifier that they make.

Hinton, Osindero & Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18, 2006, section 6. Input:
`image`, (batch, height, width, channels), pixels 0..255, or `features`, (batch, features), of 0..1; output: (batch,
classes) logits.

    name  parameters  units
    dbn    1,666,794  784-500-500-(2000 + 10 classes)

Of these 1,665,010 are those of the classifier, which a gradient trains; the others, the biases of 784, 500 and 500
units on the way down, belong to the machines alone: 393,284, 251,000 and 1,022,510 parameters. Each of the layers
`stageN` is one machine, and the last of them sees the classes as well, by the weights of `head`: the classes are ten
visible units of which exactly one is 1. Made of these, the network is a generative model whose two highest layers are a
Boltzmann machine, and whose others go down.

The paper then fits the ways up and down apart from each other ("up-down"); here they share their weights.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.fields import Count, Counts
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class DBN(Config):
    """Layers of binary units that learn one after another."""

    task: ClassVar[str] = "layerwise_divergence"
    training: ClassVar[Mapping[str, Any]] = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 100, "epochs": 15}

    input_shape: Counts = (28, 28, 1)
    """height, width and channels of a picture, or the number of features"""
    classes: Count = 10
    """what the last layer sees beside the one below it"""
    units: Counts = width((500, 500, 2000), low=16, high=2000)
    """units of the hidden layers"""

    def for_data(self, spec: Spec) -> Self:
        return super().for_data(spec).replace(classes=spec.outputs or self.classes)


def build(config: DBN) -> keras.Model:
    pictures = len(config.input_shape) == 3
    inputs = keras.Input(config.input_shape, name="image" if pictures else "features")
    x = keras.layers.Rescaling(1 / 255, name="normalization")(inputs) if pictures else inputs
    x = keras.layers.Reshape((math.prod(config.input_shape),), name="flatten")(x)
    for stage, units in enumerate(config.units, start=1):
        x = layers.BoltzmannDense(units, name=f"stage{stage}")(x)
    normal = keras.initializers.RandomNormal(stddev=0.01)
    return keras.Model(
        inputs, keras.layers.Dense(config.classes, kernel_initializer=normal, name="head")(x), name="dbn"
    )


VARIANTS = {"dbn": DBN()}
