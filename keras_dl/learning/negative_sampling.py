"""The loss of word vectors: a word that stands there is told from words that were drawn.

Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NIPS 2013, equation 4.
"""

from __future__ import annotations

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner

ops = keras.ops


class NegativeSampling(Learner):
    """Trains a `network` whose logits are (batch, targets); y are 1 for words that stand there, 0 for drawn ones.

    The loss is the mean over the pairs, targets of y 1 and weight 1, of the cross-entropy of each and of all that was
    drawn for it: (1 + negatives) log 2, in nats, of a network that knows nothing.
    """

    losses_named = ("pair_loss",)

    def named_losses(self, x, y, outputs, weights, training):
        outputs, y = ops.cast(outputs, "float32"), ops.cast(y, "float32")
        losses = ops.softplus(ops.where(y > 0, -outputs, outputs)) * weights
        return {"pair_loss": ops.sum(losses) / ops.maximum(self.count(x, y, weights), 1)}

    def count(self, x, y, weights):
        return ops.sum(ops.cast(y, "float32") * weights)
