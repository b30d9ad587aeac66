"""One column of a data set: examples by their numbers, wherever they are stored."""

from __future__ import annotations

import abc
import math
from collections.abc import Iterator

import numpy as np

from keras_dl.data.hashing import of_array, of_blocks
from keras_dl.lazy import tf

SMALL = 32 * 2**20
"""bytes of an array that may be copied: the libraries take ten times as much"""
AT_ONCE = 2**20
"""bytes of a block"""


class Source(abc.ABC):
    """Examples of one `shape` and `dtype`, ragged ones padded; texts are str, of dtype object.

    It stays as it is: what `take` gives depends on the indices alone, in any thread.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    in_memory: bool = False

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many examples there are."""

    @abc.abstractmethod
    def take(self, indices: np.ndarray) -> np.ndarray:
        """The examples at `indices` (n,), (n, *shape). Raises `UsageError` for examples that are damaged."""

    @abc.abstractmethod
    def fingerprint(self) -> str:
        """A SHA-256 that changes when an example does."""

    @property
    def values(self) -> np.ndarray:
        """All examples, (len, *shape), in memory: a copy, but for those of an `Array`."""
        return self.take(np.arange(len(self)))

    def chosen(self, indices: np.ndarray) -> Source:
        """The examples at `indices` (n,) as a source."""
        return Chosen(self, indices)

    def stored(self) -> Source:
        """What programs of TensorFlow get, to make the examples of it by `finished`."""
        return self

    def finished(self, stored: tf.Tensor) -> tf.Tensor:
        """The examples (n, *shape) of what was taken from `stored`."""
        return stored


class Array(Source):
    """The examples in an array in memory, (n, *shape)."""

    in_memory = True

    def __init__(self, values: np.ndarray):
        self._values = values
        self.shape, self.dtype = values.shape[1:], values.dtype

    def __len__(self) -> int:
        return len(self._values)

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self._values[indices]

    def fingerprint(self) -> str:
        return of_array(self._values)

    @property
    def values(self) -> np.ndarray:
        return self._values

    def chosen(self, indices: np.ndarray) -> Source:
        """A copy of a small array; of others the same memory."""
        return Array(self._values[indices]) if self._values.nbytes <= SMALL else Chosen(self, indices)


class Chosen(Source):
    """The examples of `source` at `indices` (n,), which stay where they are."""

    def __init__(self, source: Source, indices: np.ndarray):
        self._source, self._indices = source, indices
        self.shape, self.dtype, self.in_memory = source.shape, source.dtype, source.in_memory

    def __len__(self) -> int:
        return len(self._indices)

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self._source.take(self._indices[indices])

    def fingerprint(self) -> str:
        """That of the examples alone where they are in memory, as if they were all there is."""
        if self.in_memory:
            return of_array(self.values) if self.dtype == object else of_blocks(blocks(self))
        return of_array(np.frombuffer(self._source.fingerprint().encode() + self._indices.tobytes(), "uint8"))

    def chosen(self, indices: np.ndarray) -> Source:
        return Chosen(self._source, self._indices[indices])


def blocks(source: Source) -> Iterator[np.ndarray]:
    """All examples of `source` in order, not much of them in memory at once."""
    size = max(1, AT_ONCE // max(1, math.prod(source.shape) * source.dtype.itemsize))
    for start in range(0, len(source), size):
        yield source.take(np.arange(start, min(start + size, len(source))))
