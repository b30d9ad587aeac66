"""An encoder whose features, of length 1, bring those of one class together by a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.lazy import keras
from keras_dl.learning.encoders import trained_encoder
from keras_dl.learning.learner import Learner, weighted_mean
from keras_dl.learning.likeness import triplet_losses

if TYPE_CHECKING:
    from keras_dl.config import Config

ops = keras.ops


class Triplets(Learner):
    """Trains a `network` up to its head, which stands still, by the triplets of a batch.

    "violated" is the share of pairs of one class that are not nearer than the other class by the margin.
    """

    losses_named = ("triplet_loss",)
    logged = ("violated",)

    def __init__(self, network: keras.Model, config: Config, margin: float):
        super().__init__(network)
        self.encoder, self.margin = trained_encoder(network, config), margin

    def call(self, x, training=None):
        """Inputs (batch, ...) -> vectors of length 1, (batch, width) float32."""
        return ops.normalize(ops.cast(self.encoder(x, training=training), "float32"), axis=-1)

    def named_losses(self, x, y, outputs, weights, training):
        losses, pairs = triplet_losses(outputs, y, self.margin)
        return {"triplet_loss": weighted_mean(losses, pairs)}

    def measures(self, x, y, outputs, weights):
        losses, pairs = triplet_losses(outputs, y, self.margin)
        return {"violated": weighted_mean(losses > 0, pairs)}
