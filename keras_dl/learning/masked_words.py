"""The loss of hidden words: the mean over them of the cross-entropy of each, given all others; and of what follows."""

from __future__ import annotations

from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.labels import CrossEntropy, hits
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops


class MaskedWords(Learner):
    """Trains a `network` whose logits are (batch, length, vocabulary_size); y are the tokens, weights 1 where told.

    With a second output, `next`, y and weights are by the names of both, the first being `words`. Means of words are
    over those that are told: "loss" (the sum of "words_loss" and "next_loss" where there are two), in nats, the
    "perplexity" of the words and their "accuracy"; "next_accuracy" is over the examples. Raises `UsageError` for a
    network of other outputs.
    """

    def __init__(self, network: keras.Model, length: int, vocabulary_size: int, smoothing: float = 0.0):
        several = isinstance(network.output, dict)
        words = network.output.get("words") if several else network.output
        shape = None if words is None else words.shape[1:]
        if shape != (length, vocabulary_size):
            raise UsageError(
                f"{network.name} tells no hidden words: ({length}, {vocabulary_size}) must come out, it is {shape}"
            )
        self.names = ("words", "next") if several else ("words",)
        super().__init__(network)
        self.smoothing = smoothing

    @property
    def losses_named(self):
        return [f"{name}_loss" for name in self.names]

    @property
    def logged(self):
        return [{"words": "accuracy", "next": "next_accuracy"}[name] for name in self.names]

    def named_losses(self, x, y, outputs, weights, training):
        loss = CrossEntropy(label_smoothing=self.smoothing if training else 0.0)
        return {
            f"{name}_loss": weighted_mean(loss.call(target, ops.cast(output, "float32")), weight)
            for name, target, output, weight in self._parts(y, outputs, weights)
        }

    def measures(self, x, y, outputs, weights):
        parts = zip(self.logged, self._parts(y, outputs, weights), strict=True)
        return {name: weighted_mean(hits(target, output), weight) for name, (_, target, output, weight) in parts}

    def count(self, x, y, weights):
        weights = weights if isinstance(weights, dict) else {"words": weights}
        sums = [ops.sum(ops.cast(weights[name], "float32")) for name in self.names]
        return dict(zip((*self.losses_named, *self.logged), (*sums, *sums), strict=True))

    def _parts(self, y, outputs, weights):
        """Each output with its name, target and weights."""
        if len(self.names) == 1:
            return [("words", y, outputs, weights)]
        return [(name, y[name], outputs[name], weights[name]) for name in self.names]

    def get_metrics_result(self):
        results = super().get_metrics_result()
        results["perplexity"] = ops.exp(results["words_loss"])
        return results
