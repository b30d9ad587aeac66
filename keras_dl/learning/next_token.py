"""The loss of a text: the mean over its tokens of the cross-entropy of each, given those before it."""

from __future__ import annotations

from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.labels import CrossEntropy, hits
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops


class NextToken(Learner):
    """Trains a `network` whose logits are (batch, length, vocabulary_size); y are the tokens, weights 0 at pads.

    All that is logged is a mean over tokens: "loss", in nats and in evaluation without `smoothing`, the "perplexity"
    that is its exponential, and "accuracy". Raises `UsageError` for a network of other outputs.
    """

    told = "next token"
    losses_named = ("cross_entropy",)
    logged = ("accuracy",)

    def __init__(self, network: keras.Model, length: int, vocabulary_size: int, smoothing: float = 0.0):
        shape = None if isinstance(network.output, dict) else network.output.shape[1:]
        if shape != (length, vocabulary_size):
            raise UsageError(
                f"{network.name} tells no {self.told}: its output must be ({length}, {vocabulary_size}), it is {shape}"
            )
        super().__init__(network)
        self.smoothing = smoothing

    def named_losses(self, x, y, outputs, weights, training):
        loss = CrossEntropy(label_smoothing=self.smoothing if training else 0.0)
        return {"cross_entropy": weighted_mean(loss.call(y, ops.cast(outputs, "float32")), weights)}

    def measures(self, x, y, outputs, weights):
        return {"accuracy": weighted_mean(hits(y, outputs), weights)}

    def get_metrics_result(self):
        results = super().get_metrics_result()
        nats = results.pop("cross_entropy")
        return {**results, "perplexity": ops.exp(nats)}

    def count(self, x, y, weights):
        return ops.cast(ops.size(y), "float32") if weights is None else super().count(x, y, weights)
