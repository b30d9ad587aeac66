"""One split of a data set: labelled examples in memory, and the ways to iterate over them."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from keras_dl.data import fingerprint
from keras_dl.data.checks import as_array, checked_inputs, checked_labels
from keras_dl.data.memory import check_fits
from keras_dl.data.resize import cover
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NaturalNumber, checked
from keras_dl.lazy import tf

MIXING = 1_000_000  # the number that makes the key for `mix` from that for `augment`, which folds in small ones


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Labelled examples in memory: `stored` inputs (n, ...), uint8, float32 or texts, and whole `labels` (n,).

    Labels of pixels are masks (n, height, width). `shape` is one input's as it comes out, () for texts. Pictures that
    are stored in another one are resized on their way, as `cover` does; `prepare`, if given, makes a batch of inputs
    (batch, *shape) of what is stored, such as word counts of texts. Raises `UsageError` for other arrays.
    """

    stored: np.ndarray
    labels: np.ndarray
    shape: tuple[int, ...]
    prepare: Callable[[tf.Tensor], tf.Tensor] | None = None

    def __post_init__(self):
        stored = checked_inputs(as_array(self.stored, "inputs"), "data")
        labels = as_array(self.labels, "labels")
        if labels.dtype.kind not in "iu":
            raise UsageError(f"labels must be whole numbers, got {labels.dtype}; Split.of converts them")
        if len(stored) != len(labels):
            raise UsageError(f"there are {len(stored)} inputs but {len(labels)} labels")
        shape = checked("shape", self.shape, tuple[Count, ...])
        if not (self.prepare is None or callable(self.prepare)):
            raise UsageError(f"prepare must be a function, got {self.prepare!r}")
        if self.prepare is None and len(shape) != stored.ndim - 1:
            raise UsageError(f"inputs of shape {stored.shape[1:]} cannot come out as {shape}")
        for name, value in {"stored": stored, "labels": labels, "shape": shape}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, inputs: np.ndarray, labels: np.ndarray, *, classes: int | None = None, name: str = "data") -> Self:
        """The split of the arrays `inputs` (n, *shape) and `labels` (n,), after checking both.

        Texts are str (n,). Labels must be whole numbers 0 .. `classes` - 1. Raises `UsageError`, calling the split
        `name`, for no examples, for inputs that are not finite, and for labels that are one-hot, text, fractions or
        out of range.
        """
        classes = checked("classes", classes, Count | None)
        inputs = as_array(inputs, f"the inputs of {name}")
        if not inputs.size:
            raise UsageError(f"{name} is empty")
        inputs = checked_inputs(inputs, name)
        labels = checked_labels(as_array(labels, f"the labels of {name}"), classes, name)
        if len(inputs) != len(labels):
            raise UsageError(f"{name} has {len(inputs)} inputs but {len(labels)} labels")
        return cls(inputs, labels, inputs.shape[1:])

    @functools.cached_property
    def fingerprint(self) -> dict[str, Any]:
        """How many examples there are, the shape and dtype they are stored in, and the SHA-256 of both arrays."""
        return {
            "examples": len(self),
            "shape": list(self.stored.shape[1:]),
            "dtype": self.stored.dtype.name,
            "inputs": fingerprint.of_array(self.stored),
            "labels": fingerprint.of_array(self.labels),
        }

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Sequence[int]) -> Self:
        """The examples at `indices`, in that order."""
        indices = as_array(indices, "indices")
        if not indices.size:
            indices = indices.astype(int)
        try:
            return dataclasses.replace(self, stored=self.stored[indices], labels=self.labels[indices])
        except IndexError as error:
            raise UsageError(f"indices must be whole numbers below {len(self)}: {error}") from None

    def few(self, labels: int, seed: int) -> Self:
        """`labels` examples of each class, drawn by `seed`. Raises `UsageError` if a class has fewer."""
        fewest = np.bincount(self.labels).min()
        checked("labels", labels, Count)
        checked("seed", seed, NaturalNumber)
        if labels > fewest:
            raise UsageError(f"{labels} examples of each class are wanted; a class has {fewest} training examples")
        generator = np.random.default_rng(seed)
        members = [np.flatnonzero(self.labels == label) for label in np.unique(self.labels)]
        return self.take(np.concatenate([generator.choice(found, labels, replace=False) for found in members]))

    def inputs(self) -> np.ndarray:
        """All inputs in order, (n, *shape) float32, or texts as bytes; pixels have values 0..255."""
        return np.concatenate([x.numpy() for x, _ in self.batches(1024)])

    def batches(self, batch_size: int) -> tf.data.Dataset:
        """All examples in order: (x (batch, *shape), y int64 (batch,)); the last batch may be smaller.

        x is float32, or tf.string where it is text.
        """
        self._check_batch(batch_size)
        return self._fetched(tf.data.Dataset.range(len(self)).batch(batch_size))

    def shuffled(
        self,
        batch_size: int,
        *,
        seed: int,
        epoch: tf.Variable,
        first_step: tf.Variable,
        augment: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
        mix: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None = None,
    ) -> tf.data.Dataset:
        """One epoch of all examples in an order that (`seed`, `epoch`) decides, from the batch `first_step` on.

        Both variables (int64 scalars) are read each time an iteration starts. Batches are those of `batches`, changed
        at random: `augment(x, key)` changes what is stored, before `prepare`, and `mix(x, y, key)` what comes
        out, together with its labels. `key` is a stateless seed (2,) that (`seed`, `epoch`, step) decides.
        """
        self._check_batch(batch_size)
        checked("seed", seed, NaturalNumber)
        steps = math.ceil(len(self) / batch_size)

        @tf.autograph.experimental.do_not_convert
        def begin(_):
            key = _key(seed, epoch)
            order = tf.data.Dataset.from_tensor_slices(self._order(key)).skip(first_step * batch_size)
            return _numbered(order.batch(batch_size), tf.data.Dataset.range(first_step, steps), key)

        return self._fetched(tf.data.Dataset.range(1).flat_map(begin), augment, mix)

    def stream(
        self,
        batch_size: int,
        *,
        steps: int,
        seed: int,
        augment: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
        mix: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None = None,
    ) -> tf.data.Dataset:
        """`steps` full batches from one shuffled epoch after another; `seed` decides all.

        Batches are those of `batches`, changed by `augment` and `mix` as in `shuffled`.
        """
        self._check_batch(batch_size)
        checked("steps", steps, NaturalNumber)
        checked("seed", seed, NaturalNumber)

        @tf.autograph.experimental.do_not_convert
        def epoch(number):
            return tf.data.Dataset.from_tensor_slices(self._order(_key(seed, number)))

        epochs = tf.data.Dataset.range(math.ceil(steps * batch_size / len(self))).flat_map(epoch)
        batches = _numbered(epochs.batch(batch_size), tf.data.Dataset.range(steps), _key(seed, -1))
        return self._fetched(batches.apply(tf.data.experimental.assert_cardinality(steps)), augment, mix)

    def _order(self, key: tf.Tensor) -> tf.Tensor:
        return tf.random.experimental.stateless_shuffle(tf.range(len(self), dtype="int64"), key)

    def _check_batch(self, batch_size: int) -> None:
        checked("batch_size", batch_size, Count)
        size = min(batch_size, len(self))
        check_fits(f"a batch of {size}", size, self.shape, 4)

    @functools.cached_property
    def _tensors(self) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.device("CPU"):
            return tf.constant(self.stored), tf.constant(self.labels)

    def _fetched(
        self, indices: tf.data.Dataset, augment: Callable | None = None, mix: Callable | None = None
    ) -> tf.data.Dataset:
        """Batches of examples from a data set of `indices` (batch,), or of what `_numbered` makes of them."""
        all_inputs, all_labels = self._tensors

        @tf.autograph.experimental.do_not_convert  # translating what needs no translation takes seconds
        def fetch(indices, number=None, key=None):
            inputs, labels = tf.gather(all_inputs, indices), tf.gather(all_labels, indices)
            if self.prepare is None:
                inputs = self._resized(inputs)
            if augment is not None:
                inputs = augment(inputs, _fold(key, number))
            if self.prepare is not None:
                inputs = tf.ensure_shape(self.prepare(inputs), (None, *self.shape))
            return (inputs, labels) if mix is None else mix(inputs, labels, _fold(_fold(key, number), MIXING))

        return indices.map(fetch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def _resized(self, inputs: tf.Tensor) -> tf.Tensor:
        """Texts as they are, numbers as float32, pictures of `shape`."""
        if inputs.dtype == tf.string:
            return inputs
        return cover(inputs, self.shape) if inputs.shape[1:] != self.shape else tf.cast(inputs, "float32")


def _key(seed: int, epoch: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.constant(seed, "int64"), tf.cast(epoch, "int64")])


def _numbered(indices: tf.data.Dataset, numbers: tf.data.Dataset, key: tf.Tensor) -> tf.data.Dataset:
    """Each batch of `indices` with its number and the `key` of them all: the key of a batch is folded of these two."""
    return tf.data.Dataset.zip(indices, numbers, tf.data.Dataset.from_tensors(key).repeat())


def _fold(key: tf.Tensor, number: tf.Tensor | int) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(key, number)
