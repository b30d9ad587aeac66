"""Vectors of examples that are to point where those of their classes do."""

from __future__ import annotations

import numpy as np

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops


class LabelEmbedding(Learner):
    """Trains a `network` whose outputs (batch, numbers) are to be like the `vectors` (classes, numbers) of classes.

    Of the classes that are `seen` the right one, y, is told by the cross-entropy of the softmax over the cosines, over
    `temperature`. Examples of other classes count nothing.
    """

    losses_named = ("cross_entropy",)
    logged = ("seen_accuracy",)

    def __init__(self, network: keras.Model, vectors: np.ndarray, seen: np.ndarray, temperature: float):
        super().__init__(network)
        self._vectors = directions(vectors[seen]).astype("float32")
        self._place = np.full(len(vectors), -1, "int32")
        self._place[seen] = np.arange(len(seen))
        self._temperature = temperature

    def named_losses(self, x, y, outputs, weights, training):
        place, counts = self._told(y, weights)
        logits = self._cosines(outputs) / self._temperature
        losses = keras.losses.sparse_categorical_crossentropy(ops.maximum(place, 0), logits, from_logits=True)
        return {"cross_entropy": weighted_mean(losses, counts)}

    def measures(self, x, y, outputs, weights):
        place, counts = self._told(y, weights)
        return {"seen_accuracy": weighted_mean(ops.equal(ops.argmax(self._cosines(outputs), axis=-1), place), counts)}

    def count(self, x, y, weights):
        return ops.sum(self._told(y, weights)[1])

    def _told(self, y, weights):
        """The places of y among the seen classes, int32 (batch,), and how much each example counts."""
        place = ops.take(self._place, ops.cast(y, "int32"), axis=0)
        seen = ops.cast(place >= 0, "float32")
        return place, seen if weights is None else seen * ops.cast(weights, "float32")

    def _cosines(self, outputs):
        outputs = ops.cast(outputs, "float32")
        return ops.matmul(outputs / (ops.norm(outputs, axis=-1, keepdims=True) + 1e-7), self._vectors.T)


def directions(vectors: np.ndarray) -> np.ndarray:
    """`vectors` (n, numbers), each of length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
