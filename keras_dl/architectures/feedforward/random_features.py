"""Random rectified features and a linear output: a network whose first layer never learns.

Rahimi & Recht, "Random Features for Large-Scale Kernel Machines", NIPS 2007; in the form of d'Ascoli, Refinetti, Biroli
& Krzakala, "Double Trouble in Double Descent", ICML 2020, section 2. Input: (batch, *input_shape), flattened; output:
(batch, classes) numbers or logits.

    name             parameters  layers
    random_features     794,000  784-1000-10

Of these 10,000 are trained, one a feature and output; the others are directions drawn from N(0, 1 / inputs) when the
network is built. There are no biases. Where there are as many features as examples the least squares are badly
conditioned, hence the float64 throughout; call the model itself to get it: `model.predict` rounds its inputs first.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.fields import Count, Counts
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomFeatures(Config):
    """A linear model of random rectified features."""

    task: ClassVar[str] = "least_squares"
    classifier_activation: ClassVar[None] = None

    input_shape: Counts = (784,)
    """shape of one input, flattened first"""
    classes: Count = 10
    """number of outputs"""
    units: int = width(1000, low=10, high=10_000)
    """features"""
    input_scale: float = 1.0
    """factor on the inputs, 1/255 for pixels"""

    def for_data(self, spec: Spec) -> Self:
        return super().for_data(spec).replace(input_scale=1 / 255 if spec.kind == "image" else 1.0)


def build(config: RandomFeatures) -> keras.Model:
    inputs = keras.Input(config.input_shape, dtype="float64", name="features")
    x = keras.layers.Flatten(dtype="float64", name="flatten")(inputs)
    x = keras.layers.Rescaling(config.input_scale, dtype="float64", name="rescaling")(x)
    directions = keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal")
    x = keras.layers.Dense(
        config.units,
        activation="relu",
        use_bias=False,
        kernel_initializer=directions,
        trainable=False,
        dtype="float64",
        name="stage1",
    )(x)
    outputs = keras.layers.Dense(config.classes, use_bias=False, dtype="float64", name="head")(x)
    return keras.Model(inputs, outputs, name="random_features")


VARIANTS = {"random_features": RandomFeatures()}
