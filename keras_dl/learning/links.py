"""The losses of triples whose head and tail are to be told."""

from __future__ import annotations

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops


class LinkLearner(Learner):
    """Trains a `network` of scores `heads` and `tails`, (batch, entities), to tell the right ones; y names these.

    y holds for both of them entities (batch, 1), told from all others by the cross-entropy of their softmax in nats; or
    (batch, 1 + negatives), of which the first is right: the sum of the logistic losses of each.
    """

    losses_named = ("head_loss", "tail_loss")

    def named_losses(self, x, y, outputs, weights, training):
        return {
            f"{side[:-1]}_loss": weighted_mean(_losses(ops.cast(outputs[side], "float32"), y[side]), weights)
            for side in ("heads", "tails")
        }


def _losses(scores, entities):
    """The loss of each triple, (batch,)."""
    own = ops.take_along_axis(scores, entities, axis=1)
    if entities.shape[1] == 1:
        return ops.logsumexp(scores, axis=1) - own[:, 0]
    drawn = ops.cast(ops.not_equal(entities[:, 1:], entities[:, :1]), "float32")
    return ops.softplus(-own[:, 0]) + ops.sum(drawn * ops.softplus(own[:, 1:]), axis=1)
