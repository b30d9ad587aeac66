"""Stacked denoising autoencoders: a classifier whose layers have learned, one after another, to mend their input.

Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked Denoising Autoencoders: Learning Useful Representations in a
Deep Network with a Local Denoising Criterion", JMLR 11, 2010, sections 3.2 and 6. Input: `image`, (batch, height,
width, channels), pixels 0..255, or `features`, (batch, features), of 0..1; output: (batch, classes) logits.

    name                           parameters  widths
    stacked_denoising_autoencoder   2,797,010  784-1000-1000-1000-10

Only the encoders are the network; each layer `stageN` has a decoder, of the same weights, while it learns. Then all of
it is trained by `keras-dl train RUN/model --data D --task classification`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.fields import Count, Counts
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class StackedDenoisingAutoencoder(Config):
    """Layers of logistic units."""

    task: ClassVar[str] = "layerwise_denoising"

    input_shape: Counts = (28, 28, 1)
    """height, width and channels of a picture, or the number of features"""
    classes: Count = 10
    """outputs of the head, which layers that learn one after another do not reach"""
    units: Counts = width((1000, 1000, 1000), low=16, high=2000)
    """units of the hidden layers"""

    def for_data(self, spec: Spec) -> Self:
        return super().for_data(spec).replace(classes=spec.outputs or self.classes)


def build(config: StackedDenoisingAutoencoder) -> keras.Model:
    pictures = len(config.input_shape) == 3
    inputs = keras.Input(config.input_shape, name="image" if pictures else "features")
    x = keras.layers.Rescaling(1 / 255, name="normalization")(inputs) if pictures else inputs
    x = keras.layers.Reshape((math.prod(config.input_shape),), name="flatten")(x)
    for stage, units in enumerate(config.units, start=1):
        x = keras.layers.Dense(units, activation="sigmoid", name=f"stage{stage}")(x)
    outputs = keras.layers.Dense(config.classes, name="head")(x)
    return keras.Model(inputs, outputs, name="stacked_denoising_autoencoder")


VARIANTS = {"stacked_denoising_autoencoder": StackedDenoisingAutoencoder()}
