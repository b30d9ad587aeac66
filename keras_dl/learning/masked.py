"""A network, and a decoder of its features that says what was hidden of a picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keras_dl.lazy import keras
from keras_dl.learning.encoders import trained_encoder
from keras_dl.learning.hiding import error, filled, mean_and_deviation, patches_of, pictures_of
from keras_dl.learning.learner import Learner, weighted_mean

if TYPE_CHECKING:
    from keras_dl.config import Config

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

    def __init__(self, network: keras.Model, config: Config, width: int):
        super().__init__(network)
        self.encoder = trained_encoder(network, config)
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


class MaskedPatches(Learner):
    """Trains a `network` that hides patches by itself and makes the numbers of all of them, standardised in each.

    x are `image`, pictures (batch, height, width, channels), and `noise`, (batch, patches), of which the network sees
    the `seen` least. The error is the mean square of what is hidden; "error_of_mean" that of the mean of each patch.
    """

    losses_named = ("error",)
    logged = ("error_of_mean",)

    def __init__(self, network: keras.Model, patch: int, seen: int):
        super().__init__(network)
        self.patch, self.seen = patch, seen
        self.normalization = network.get_layer("encoder").get_layer("normalization")

    def hidden(self, noise):
        """Whether each patch is hidden, (batch, patches)."""
        return ops.argsort(ops.argsort(noise, axis=1), axis=1) >= self.seen

    def errors(self, x, guesses):
        """The mean squared error of `guesses` (batch, patches, numbers) where patches are hidden, (batch,)."""
        patches = patches_of(self.normalization(ops.cast(x["image"], "float32")), self.patch)
        mean, deviation = mean_and_deviation(patches)
        squares = ops.mean(ops.square(ops.cast(guesses, "float32") - (patches - mean) / deviation), axis=-1)
        hidden = ops.cast(self.hidden(x["noise"]), "float32")
        return ops.sum(hidden * squares, axis=1) / ops.sum(hidden, axis=1)

    def filled(self, x, guesses):
        """What is seen of the pictures, and these with `guesses` in hidden places, both as the pictures are.

        The mean and the deviation of a hidden patch, which are not guessed, are its own.
        """
        scaled = self.normalization(ops.cast(x["image"], "float32"))
        scale = self.normalization(ops.full_like(scaled, 1.0)) - self.normalization(ops.zeros_like(scaled))
        mean, deviation = mean_and_deviation(patches_of(scaled, self.patch))
        made = pictures_of(ops.cast(guesses, "float32") * deviation + mean, self.patch, scaled.shape[1:])
        pixels = x["image"] + (made - scaled) / scale
        numbers = ops.cast(self.hidden(x["noise"]), "float32")[:, :, None] * ops.ones_like(guesses)
        hidden = pictures_of(numbers, self.patch, scaled.shape[1:])
        return x["image"] * (1 - hidden), x["image"] * (1 - hidden) + ops.clip(pixels, 0, 255) * hidden

    def named_losses(self, x, y, outputs, weights, training):
        return {"error": weighted_mean(self.errors(x, outputs), weights)}

    def measures(self, x, y, outputs, weights):
        return {"error_of_mean": weighted_mean(self.errors(x, ops.zeros_like(outputs)), weights)}


def _seen(x):
    return filled(ops.cast(x["image"], "float32"), ops.cast(x["hidden"], "float32"))


def _error(x, guesses):
    return error(ops.cast(x["image"], "float32"), guesses, ops.cast(x["hidden"], "float32"))
