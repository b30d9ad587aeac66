"""One column of a data set: examples by their numbers, wherever they are stored."""

from __future__ import annotations

import abc

import numpy as np

from keras_dl.data.hashing import of_array


class Source(abc.ABC):
    """Examples of one `shape` and `dtype`, ragged ones padded; texts are str, of dtype object.

    It stays as it is: what `take` gives depends on the indices alone, in any thread.
    """

    shape: tuple[int, ...]
    dtype: np.dtype

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
        """All examples, (len, *shape), in memory."""
        return self.take(np.arange(len(self)))


class Array(Source):
    """The examples in an array in memory, (n, *shape)."""

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


class Chosen(Source):
    """The examples of `source` at `indices` (n,)."""

    def __init__(self, source: Source, indices: np.ndarray):
        self._source, self._indices = source, indices
        self.shape, self.dtype = source.shape, source.dtype

    def __len__(self) -> int:
        return len(self._indices)

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self._source.take(self._indices[indices])

    def fingerprint(self) -> str:
        return of_array(np.frombuffer(self._source.fingerprint().encode() + self._indices.tobytes(), "uint8"))


def chosen(source: Source, indices: np.ndarray) -> Source:
    """The examples of `source` at `indices`; of an array, a copy."""
    return Array(source.values[indices]) if isinstance(source, Array) else Chosen(source, indices)
