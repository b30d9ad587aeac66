"""The losses of cells of a table that were hidden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_dl.data.gaps import Group
from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner

ops = keras.ops


class Imputing(Learner):
    """Trains a `network` to tell the hidden cells of a table whose columns are `groups`, from the others.

    y are all features (batch, width), 0 where they are not known, and the weights (batch, width) 1 where they are of a
    hidden cell. "number_loss" is the mean squared error of hidden numbers, on the scale of their deviation 1, beside
    that of the mean, "number_loss_of_mean"; "word_loss" the mean cross-entropy, in nats, of hidden words, and
    "word_accuracy" the share that is told.
    """

    def __init__(self, network: keras.Model, groups: Sequence[Group]):
        self._words = [group for group in groups if group.of_words]
        self._numbers = np.array([group.start for group in groups if not group.of_words], "int32")
        super().__init__(network)

    @property
    def losses_named(self):
        return ("number_loss",) * bool(len(self._numbers)) + ("word_loss",) * bool(self._words)

    @property
    def logged(self):
        return ("number_loss_of_mean",) * bool(len(self._numbers)) + ("word_accuracy",) * bool(self._words)

    def named_losses(self, x, y, outputs, weights, training):
        outputs, found, count = ops.cast(outputs, "float32"), {}, self.count(x, y, weights)
        if len(self._numbers):
            guesses, numbers, hidden = (self._of_numbers(one) for one in (outputs, y, weights))
            found["number_loss"] = _mean(hidden * ops.square(guesses - numbers), count["number_loss"])
        if self._words:
            losses = [
                weights[:, one.start] * -ops.sum(_of(one, y) * ops.log_softmax(_of(one, outputs), axis=-1), axis=-1)
                for one in self._words
            ]
            found["word_loss"] = _mean(ops.stack(losses), count["word_loss"])
        return found

    def measures(self, x, y, outputs, weights):
        found, count = {}, self.count(x, y, weights)
        if len(self._numbers):
            squares = self._of_numbers(weights) * ops.square(self._of_numbers(y))
            found["number_loss_of_mean"] = _mean(squares, count["number_loss"])
        if self._words:
            right = [
                weights[:, one.start]
                * ops.cast(ops.equal(*(ops.argmax(_of(one, values), axis=-1) for values in (y, outputs))), "float32")
                for one in self._words
            ]
            found["word_accuracy"] = _mean(ops.stack(right), count["word_loss"])
        return found

    def count(self, x, y, weights):
        numbers = ops.sum(self._of_numbers(weights))
        words = sum((ops.sum(weights[:, one.start]) for one in self._words), start=0.0)
        return {
            **dict.fromkeys(("number_loss", "number_loss_of_mean"), numbers),
            **dict.fromkeys(("word_loss", "word_accuracy"), words),
        }

    def _of_numbers(self, values):
        """Those of the features `values` (batch, width) that are numbers."""
        return ops.take(ops.cast(values, "float32"), self._numbers, axis=1)


def _of(group: Group, values):
    return values[:, group.start : group.stop]


def _mean(values, count):
    return ops.sum(values) / ops.maximum(count, 1.0)
