"""A classifier with auxiliary heads: they help its first stages to learn, and nobody asks them afterwards.

Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 5: their losses count 0.3 each.
"""

from __future__ import annotations

from keras_dl.lazy import keras
from keras_dl.learning.labels import hits
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops
WEIGHT = 0.3


class WithAuxiliaries(Learner):
    """Trains a `network` with the output "head" and others beside it by the same `loss`, a keras.losses.Loss."""

    losses_named = ("head_loss", "auxiliary_loss")
    logged = ("accuracy",)

    def __init__(self, network: keras.Model, loss: keras.losses.Loss):
        super().__init__(network)
        self.loss_of = loss

    def named_losses(self, x, y, outputs, weights, training):
        weights = weights or dict.fromkeys(outputs)
        found = {name: weighted_mean(self.loss_of.call(y[name], outputs[name]), weights[name]) for name in outputs}
        return {"head_loss": found.pop("head"), "auxiliary_loss": WEIGHT * sum(found.values())}

    def measures(self, x, y, outputs, weights):
        return {"accuracy": weighted_mean(hits(y["head"], outputs["head"]), weights and weights["head"])}

    def count(self, x, y, weights):
        return super().count(x, y, weights and weights["head"])
