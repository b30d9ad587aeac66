"""One split of a data set: labelled examples in memory, and the ways to iterate over them."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from keras_dl.data.checks import checked_inputs, checked_labels
from keras_dl.data.resize import cover
from keras_dl.errors import UsageError
from keras_dl.lazy import tf


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Labelled examples in memory: `stored` inputs (n, ...), uint8 or float32, and int64 `labels` (n,).

    `shape` is one input's. Pictures that are stored in another one are resized on their way out, as `cover` does.
    """

    stored: np.ndarray
    labels: np.ndarray
    shape: tuple[int, ...]

    @classmethod
    def of(cls, inputs: np.ndarray, labels: np.ndarray, *, classes: int | None = None, name: str = "data") -> Self:
        """The split of the arrays `inputs` (n, *shape) and `labels` (n,), after checking both.

        Labels must be whole numbers 0 .. `classes` - 1. Raises `UsageError`, calling the split `name`, for no
        examples, for inputs that are not finite, and for labels that are one-hot, text, fractions or out of range.
        """
        inputs = checked_inputs(np.asarray(inputs), name)
        labels = checked_labels(np.asarray(labels), classes, name)
        if len(inputs) != len(labels):
            raise UsageError(f"{name} has {len(inputs)} inputs but {len(labels)} labels")
        return cls(inputs, labels, inputs.shape[1:])

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Sequence[int]) -> Self:
        """The examples at `indices`, in that order."""
        indices = np.asarray(indices)
        return dataclasses.replace(self, stored=self.stored[indices], labels=self.labels[indices])

    def inputs(self) -> np.ndarray:
        """All inputs in order, (n, *shape) float32; pixels have values 0..255."""
        return np.concatenate([x.numpy() for x, _ in self.batches(1024)])

    def batches(self, batch_size: int) -> tf.data.Dataset:
        """All examples in order: (x float32 (batch, *shape), y int64 (batch,)); the last batch may be smaller."""
        _check(batch_size)
        return self._fetched(tf.data.Dataset.range(len(self)).batch(batch_size))

    def shuffled(
        self,
        batch_size: int,
        *,
        seed: int,
        epoch: tf.Variable,
        first_step: tf.Variable,
        augment: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
    ) -> tf.data.Dataset:
        """One epoch of all examples in an order that (`seed`, `epoch`) decides, from the batch `first_step` on.

        Both variables (int64 scalars) are read each time an iteration starts. Batches are those of `batches`;
        `augment(x, key)` changes the x of a batch, where `key` is a stateless seed (2,) that (`seed`, `epoch`, step)
        decides.
        """
        _check(batch_size)
        steps = math.ceil(len(self) / batch_size)

        def begin(_):
            key = _key(seed, epoch)
            order = self._order(key)

            def step(number):
                key_of_step = tf.random.experimental.stateless_fold_in(key, number)
                return order[number * batch_size : (number + 1) * batch_size], key_of_step

            return tf.data.Dataset.range(first_step, steps).map(step)

        return self._fetched(tf.data.Dataset.range(1).flat_map(begin), augment)

    def stream(self, batch_size: int, *, steps: int, seed: int) -> tf.data.Dataset:
        """`steps` full batches, like those of `batches`, from one shuffled epoch after another; `seed` decides all."""
        _check(batch_size)

        def epoch(number):
            return tf.data.Dataset.from_tensor_slices(self._order(_key(seed, number)))

        epochs = tf.data.Dataset.range(math.ceil(steps * batch_size / len(self))).flat_map(epoch)
        batches = epochs.batch(batch_size).take(steps)
        return self._fetched(batches.apply(tf.data.experimental.assert_cardinality(steps)))

    def _order(self, key: tf.Tensor) -> tf.Tensor:
        return tf.random.experimental.stateless_shuffle(tf.range(len(self), dtype="int64"), key)

    @functools.cached_property
    def _tensors(self) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.device("CPU"):
            return tf.constant(self.stored), tf.constant(self.labels)

    def _fetched(self, indices: tf.data.Dataset, augment: Callable | None = None) -> tf.data.Dataset:
        """Batches of examples from a data set of `indices` (batch,), or of (indices, key for `augment`)."""
        all_inputs, all_labels = self._tensors

        def fetch(indices, key=None):
            inputs, labels = tf.gather(all_inputs, indices), tf.gather(all_labels, indices)
            inputs = cover(inputs, self.shape) if inputs.shape[1:] != self.shape else tf.cast(inputs, "float32")
            return (inputs if augment is None else augment(inputs, key)), labels

        return indices.map(fetch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _key(seed: int, epoch: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.constant(seed, "int64"), tf.cast(epoch, "int64")])


def _check(batch_size: int) -> None:
    if batch_size < 1:
        raise UsageError(f"batch_size must be at least 1, got {batch_size}")
