"""Answers that stand in a text: the loss of their first and last token, the likeliest of them, and how right it is."""

from __future__ import annotations

import collections
import re
import string
from collections.abc import Sequence

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.labels import CrossEntropy, hits
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops
LONGEST = 30
"""tokens of an answer"""
ENDS = ("start", "end")


class Spans(Learner):
    """Trains a `network` whose outputs `start` and `end` are logits (batch, length) of the first and the last token.

    y are those tokens by the same names, and so are the weights, 0 where there is none. Raises `UsageError` for a
    network of other outputs.
    """

    losses_named = ("start_loss", "end_loss")
    logged = ("start_accuracy", "end_accuracy")

    def __init__(self, network: keras.Model, smoothing: float = 0.0):
        if not isinstance(network.output, dict) or {*network.output} != {*ENDS}:
            raise UsageError(f"{network.name} tells no answers: its outputs must be start and end")
        super().__init__(network)
        self.smoothing = smoothing

    def named_losses(self, x, y, outputs, weights, training):
        loss = CrossEntropy(label_smoothing=self.smoothing if training else 0.0)
        return {
            f"{end}_loss": weighted_mean(loss.call(y[end], ops.cast(outputs[end], "float32")), weights[end])
            for end in ENDS
        }

    def measures(self, x, y, outputs, weights):
        return {f"{end}_accuracy": weighted_mean(hits(y[end], outputs[end]), weights[end]) for end in ENDS}

    def count(self, x, y, weights):
        return ops.sum(ops.cast(weights["start"], "float32"))


def likeliest(start: np.ndarray, end: np.ndarray, first: int, count: int) -> tuple[int, int]:
    """The first and the last token of the likeliest answer among `count` tokens from `first` on, both from there.

    `start` and `end` are logits (length,); an answer has at most `LONGEST` tokens.
    """
    inside = slice(first, first + count)
    both = start[inside, None] + end[None, inside]
    places = np.arange(count)
    far = places[None] - places[:, None]
    both = np.where((far >= 0) & (far < LONGEST), both, -np.inf)
    return divmod(int(both.argmax()), count)


def exact_match(answer: str, right: Sequence[str]) -> float:
    """1.0 where `answer` is one of the `right` ones as SQuAD compares them: without signs, articles and capitals."""
    return float(any(_words(answer) == _words(one) for one in right))


def f1(answer: str, right: Sequence[str]) -> float:
    """The harmonic mean of precision and recall of the words of `answer`, the best over the `right` ones."""
    return max(_f1(_words(answer), _words(one)) for one in right)


def _f1(found: list[str], right: list[str]) -> float:
    common = sum((collections.Counter(found) & collections.Counter(right)).values())
    if not found or not right:
        return float(found == right)
    return 2 * common / (len(found) + len(right))


def _words(text: str) -> list[str]:
    text = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()
