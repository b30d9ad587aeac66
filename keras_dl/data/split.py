"""One split of a data set: examples by column, and the ways to iterate over them."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np

from keras_dl.data.checks import as_array, checked_inputs, checked_labels
from keras_dl.data.drawn import Drawn
from keras_dl.data.memory import check_fits
from keras_dl.data.raised import raised
from keras_dl.data.reading import Reader, ordered
from keras_dl.data.resize import cover, fitted
from keras_dl.data.source import Array, Source
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NaturalNumber, checked
from keras_dl.lazy import tf

MIXING, ARRANGING = 1_000_000, 2_000_000
"""what make the keys for `mix` and `arrange` from that for `augment`, which folds in small numbers"""
PLACED = frozenset({"mask", "boxes"})
"""columns of places in the input, which move along when it is augmented"""
Arrange = Callable[[dict[str, "tf.Tensor"], "tf.Tensor | None"], tuple]


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Examples by column: `columns` are equally long sources by name, or arrays (n, ...), the input first.

    The column "label" holds whole numbers (n,), "mask" one for each pixel, (n, height, width). `shape` is that of one
    input as it comes out, () for texts. Pictures that are stored in another one are resized on their way, as `cover`
    does, masks and boxes along with them; `prepare`, if given, makes a batch of inputs (batch, *shape) of what is
    stored, such as word counts of texts. With `drawn` its batches are these, at most as large as asked for and as many
    as all examples would fill. Raises `UsageError` for other arrays.
    """

    columns: Mapping[str, Source]
    shape: tuple[int, ...] | None = None
    prepare: Callable[[tf.Tensor], tf.Tensor] | None = None
    drawn: Drawn | None = None

    def __post_init__(self):
        columns = {name: _source(values, name) for name, values in checked("columns", self.columns, dict).items()}
        if not columns:
            raise UsageError("a split needs a column")
        stored = next(iter(columns.values()))
        for name, column in columns.items():
            if name in ("label", "mask") and column.dtype.kind not in "iu":
                raise UsageError(f"{name} must hold whole numbers, got {column.dtype}; Split.of converts them")
            if len(column) != len(stored):
                raise UsageError(f"there are {len(stored)} inputs but {len(column)} examples of {name}")
        shape = stored.shape if self.shape is None else checked("shape", self.shape, tuple[Count, ...])
        if not (self.prepare is None or callable(self.prepare)):
            raise UsageError(f"prepare must be a function, got {self.prepare!r}")
        if self.prepare is None and len(shape) != len(stored.shape):
            raise UsageError(f"inputs of shape {stored.shape} cannot come out as {shape}")
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "shape", shape)

    @classmethod
    def of(
        cls,
        inputs: np.ndarray,
        labels: np.ndarray,
        *,
        classes: int | None = None,
        name: str = "data",
        kind: Literal["image", "features", "text", "audio"] | None = None,
    ) -> Self:
        """The split of the arrays `inputs` (n, *shape) and `labels` (n,), after checking both.

        Texts are str (n,). Labels must be whole numbers 0 .. `classes` - 1. The column of the inputs is called by their
        `kind`, by default image, text or features as their axes say. Raises `UsageError`, calling the split `name`, for
        no examples, for inputs that are not finite, and for labels that are one-hot, text, fractions or out of range.
        """
        classes = checked("classes", classes, Count | None)
        inputs = as_array(inputs, f"the inputs of {name}")
        if not inputs.size:
            raise UsageError(f"{name} is empty")
        inputs = checked_inputs(inputs, name)
        labels = checked_labels(as_array(labels, f"the labels of {name}"), classes, name)
        if len(inputs) != len(labels):
            raise UsageError(f"{name} has {len(inputs)} inputs but {len(labels)} labels")
        kind = kind or {1: "text", 4: "image"}.get(inputs.ndim, "features")
        return cls({kind: inputs, "label": labels})

    @functools.cached_property
    def fingerprint(self) -> dict[str, Any]:
        """How many examples there are, and of each column the shape and dtype that are stored, and the SHA-256.

        Of what stays in its files it is that of these; so it is told apart.
        """
        columns = {
            name: {"shape": list(column.shape), "dtype": column.dtype.name, "sha256": column.fingerprint()}
            | ({} if column.in_memory else {"in_files": True})
            for name, column in self.columns.items()
        }
        return {"examples": len(self), "columns": columns}

    def __len__(self) -> int:
        return len(self._first)

    @property
    def _first(self) -> Source:
        return next(iter(self.columns.values()))

    @property
    def stored(self) -> np.ndarray:
        """The inputs as they are stored, (n, ...)."""
        return self._first.values

    @property
    def labels(self) -> np.ndarray:
        """The whole numbers to be told: (n,) of the examples, or (n, height, width) of their pixels.

        Raises `UsageError` where there are none.
        """
        found = next((self.columns[name] for name in ("label", "mask") if name in self.columns), None)
        if found is None:
            raise UsageError(f"labels are wanted; these examples have {', '.join(self.columns)}")
        return found.values

    def with_labels(self, labels: np.ndarray) -> Self:
        """The same examples with other `labels`, (n,)."""
        return dataclasses.replace(self, columns={**self.columns, "label": labels}, drawn=None)

    @property
    def in_order(self) -> Self:
        """The same examples without `drawn`."""
        return dataclasses.replace(self, drawn=None)

    def resized(self, shape: tuple[int, ...]) -> Self:
        """The same examples with pictures that cover `shape`, (height, width, channels)."""
        if self.prepare is None:
            return dataclasses.replace(self, shape=shape)
        return dataclasses.replace(self, shape=shape, prepare=lambda stored: cover(self.prepare(stored), shape))

    def take(self, indices: Sequence[int]) -> Self:
        """The examples at `indices`, in that order."""
        indices = as_array(indices, "indices")
        if not indices.size:
            indices = indices.astype(int)
        try:
            numbers = np.arange(len(self))[indices]
        except IndexError as error:
            raise UsageError(f"indices must be whole numbers below {len(self)}: {error}") from None
        columns = {name: column.chosen(numbers) for name, column in self.columns.items()}
        return dataclasses.replace(self, columns=columns, drawn=None)

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
        with raised():
            return np.concatenate([x.numpy() for x, _ in self.in_order.batches(1024, input_alone)])

    def batches(self, batch_size: int, arrange: Arrange | None = None) -> tf.data.Dataset:
        """All examples in order, as `arrange` makes (x, y) or (x, y, weights) of a batch; the last one may be smaller.

        `arrange(batch, key)` takes the columns by name and None, in training a key as `shuffled` says. Without it x is
        the input (batch, *shape), float32, or tf.string where it is text, and y int64 (batch,) the label.
        """
        self._check_batch(batch_size)
        if self.drawn is not None:
            numbers = tf.data.Dataset.range(math.ceil(len(self) / batch_size))
            return self._fetched(self._draw(numbers, batch_size), arrange=arrange)
        return self._fetched(tf.data.Dataset.range(len(self)).batch(batch_size), arrange=arrange)

    def shuffled(
        self,
        batch_size: int,
        *,
        seed: int,
        epoch: tf.Variable,
        first_step: tf.Variable,
        arrange: Arrange | None = None,
        augment: Callable[[Any, tf.Tensor], Any] | None = None,
        mix: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None = None,
    ) -> tf.data.Dataset:
        """One epoch of all examples in an order that (`seed`, `epoch`) decides, from the batch `first_step` on.

        Both variables (int64 scalars) are read each time an iteration starts. Batches are those of `batches`, changed
        at random: `augment(x, key)` changes what is stored, before `prepare`, and `mix(x, y, key)` what comes
        out, together with its labels. Where boxes or a mask belong to the input, `augment` takes and gives the batch by
        column. `key` is a stateless seed (2,) that (`seed`, `epoch`, step) decides.
        """
        self._check_batch(batch_size)
        checked("seed", seed, NaturalNumber)
        steps = math.ceil(len(self) / batch_size)

        @tf.autograph.experimental.do_not_convert
        def begin(_):
            key, numbers = _key(seed, epoch), tf.data.Dataset.range(first_step, steps)
            if self.drawn is not None:
                return _numbered(self._draw(numbers, batch_size, seed, epoch), numbers, key)
            order = ordered(len(self), key, first_step * batch_size)
            return _numbered(order.batch(batch_size), numbers, key)

        return self._fetched(tf.data.Dataset.range(1).flat_map(begin), arrange, augment, mix)

    def stream(
        self,
        batch_size: int,
        *,
        steps: int,
        seed: int,
        arrange: Arrange | None = None,
        augment: Callable[[Any, tf.Tensor], Any] | None = None,
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
            return ordered(len(self), _key(seed, number))

        numbers = tf.data.Dataset.range(steps)
        if self.drawn is None:
            epochs = tf.data.Dataset.range(math.ceil(steps * batch_size / len(self))).flat_map(epoch)
            indices = epochs.batch(batch_size)
        else:
            indices = self._draw(numbers, batch_size, seed)
        batches = _numbered(indices, numbers, _key(seed, -1))
        return self._fetched(batches.apply(tf.data.experimental.assert_cardinality(steps)), arrange, augment, mix)

    def _check_batch(self, batch_size: int) -> None:
        checked("batch_size", batch_size, Count)
        size = min(batch_size, len(self)) if self.drawn is None else self.drawn.size(batch_size)
        check_fits(f"a batch of {size}", size, self.shape, 4)

    def _draw(
        self, numbers: tf.data.Dataset, batch_size: int, seed: int = 0, epoch: tf.Tensor | int = 0
    ) -> tf.data.Dataset:
        """The batches, indices (size,) int64, that `drawn` makes for the steps `numbers`."""
        size, drawn = self.drawn.size(batch_size), self.drawn

        def indices(epoch, step):
            return drawn.batch(batch_size, seed, int(epoch), int(step))

        @tf.autograph.experimental.do_not_convert
        def draw(step):
            [found] = tf.numpy_function(indices, [tf.cast(epoch, "int64"), step], [tf.int64], stateful=False)
            return tf.ensure_shape(found, [size])

        return numbers.map(draw)

    @functools.cached_property
    def _reader(self) -> Reader:
        return Reader(self.columns)

    def _fetched(
        self,
        indices: tf.data.Dataset,
        arrange: Arrange | None = None,
        augment: Callable | None = None,
        mix: Callable | None = None,
    ) -> tf.data.Dataset:
        """Batches of examples from a data set of `indices` (batch,), or of what `_numbered` makes of them."""
        read, name = self._reader, next(iter(self.columns))
        together = not PLACED.isdisjoint(self.columns)

        @tf.autograph.experimental.do_not_convert  # translating what needs no translation takes seconds
        def fetch(indices, number=None, step_key=None):
            key = None if number is None else _fold(step_key, number)
            batch = read(indices)
            if self.prepare is None:
                batch = fitted(batch, name, self.shape)
            if augment is not None:
                batch = augment(batch, key) if together else {**batch, name: augment(batch[name], key)}
            if self.prepare is not None:
                batch[name] = tf.ensure_shape(self.prepare(batch[name]), (None, *self.shape))
            if arrange is None:
                x, y = batch[name], batch["label" if "label" in batch else "mask"]
                return (x, y) if mix is None else mix(x, y, _fold(key, MIXING))
            x, y, *weights = arrange(batch, None if key is None else _fold(key, ARRANGING))
            if mix is None:
                return (x, y, *weights)
            mixed = mix(x, y, _fold(key, MIXING))
            return (*mixed, *weights) if isinstance(mixed, tuple) else mixed

        return read.mapped(indices, fetch)


def _source(values: Any, name: str) -> Source:
    if isinstance(values, Source):
        return values
    values = as_array(values, name)
    if values.dtype.kind in "iu":
        return Array(values)
    if values.dtype.kind == "f" and values.ndim == 1:
        return Array(checked_inputs(values[:, None], name)[:, 0])
    return Array(checked_inputs(values, name))


def input_alone(batch: dict[str, tf.Tensor], _key: None) -> tuple[tf.Tensor, tuple]:
    """What `Split.batches` gives by it: the input, and nothing to tell."""
    return next(iter(batch.values())), ()


def _key(seed: int, epoch: tf.Tensor) -> tf.Tensor:
    return tf.stack([tf.constant(seed, "int64"), tf.cast(epoch, "int64")])


def _numbered(indices: tf.data.Dataset, numbers: tf.data.Dataset, key: tf.Tensor) -> tf.data.Dataset:
    """Each batch of `indices` with its number and the `key` of them all: the key of a batch is folded of these two."""
    return tf.data.Dataset.zip(indices, numbers, tf.data.Dataset.from_tensors(key).repeat())


def _fold(key: tf.Tensor, number: tf.Tensor | int) -> tf.Tensor:
    return tf.random.experimental.stateless_fold_in(key, number)
