"""A network, and a decoder of its features that says what was hidden of a picture."""

from __future__ import annotations

import math

from keras_dl import surgery
from keras_dl.lazy import keras
from keras_dl.learning.hiding import error, filled
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops


class Masked(Learner):
    """Trains a `network` up to its head, which stands still, to tell the hidden pixels of a picture from the others.

    x are `image`, pictures (batch, height, width, channels), and `hidden`, bool (batch, height, width, 1). The decoder,
    a hidden layer of `width` units and one of all pixels, is the learner's own. "error_of_mean" is the error of what
    stands in the hidden places for the network: the mean of the others.
    """

    losses_named = ("error",)
    logged = ("error_of_mean",)
    by_network_alone = False

    def __init__(self, network: keras.Model, width: int):
        super().__init__(network)
        self.encoder = surgery.embedding(network)
        network.get_layer("head").trainable = False
        shape = network.input_shape[1:]
        self.decoder = keras.Sequential(
            [
                keras.Input(self.encoder.output_shape[1:]),
                keras.layers.Dense(width, activation="relu", name="hidden"),
                keras.layers.Dense(math.prod(shape), name="pixels"),
                keras.layers.Reshape(shape, name="picture"),
            ],
            name="decoder",
        )

    def call(self, x, training=None):
        """The pictures that are guessed, (batch, height, width, channels) float32, pixels 0..255."""
        features = self.encoder(_seen(x), training=training)
        return 255 * self.decoder(ops.cast(features, "float32"), training=training)

    def named_losses(self, x, y, outputs, weights, training):
        return {"error": weighted_mean(_error(x, outputs), weights)}

    def measures(self, x, y, outputs, weights):
        return {"error_of_mean": weighted_mean(_error(x, _seen(x)), weights)}


def _seen(x):
    return filled(ops.cast(x["image"], "float32"), ops.cast(x["hidden"], "float32"))


def _error(x, guesses):
    return error(ops.cast(x["image"], "float32"), guesses, ops.cast(x["hidden"], "float32"))
