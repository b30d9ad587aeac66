"""Examples of several sources, one behind the other, in one shape."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from keras_dl.data.resize import cover
from keras_dl.data.source import SMALL, Array, Source


def joined(parts: Sequence[Source], shape: tuple[int, ...] | None = None) -> Source:
    """The examples of all `parts`, in their order; pictures of another size cover `shape`, by default the first's."""
    shape = parts[0].shape if shape is None else shape
    alike = all(isinstance(part, Array) and (part.shape, part.dtype) == (shape, parts[0].dtype) for part in parts)
    if alike and sum(part.values.nbytes for part in parts) <= SMALL:
        return Array(np.concatenate([part.values for part in parts]))
    return Joined(parts, shape)


class Joined(Source):
    """The examples of `parts`; those of another shape than `shape` are pictures, made to cover it."""

    def __init__(self, parts: Sequence[Source], shape: tuple[int, ...]):
        self._parts, self.shape = list(parts), tuple(shape)
        self._covered = [part.shape != self.shape for part in parts]
        dtypes = [np.dtype("float32")] * any(self._covered)
        self.dtype = np.result_type(*dtypes, *(part.dtype for part in parts if part.shape == self.shape))
        self.in_memory = all(part.in_memory for part in parts)
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def take(self, indices: np.ndarray) -> np.ndarray:
        indices = np.asarray(indices)
        examples = np.empty((len(indices), *self.shape), self.dtype)
        owners = np.searchsorted(self._ends, indices, side="right")
        for owner in np.unique(owners):
            part, there = self._parts[owner], owners == owner
            found = part.take(indices[there] - (self._ends[owner] - len(part)))
            examples[there] = cover(found, self.shape).numpy().clip(0, 255) if self._covered[owner] else found
        return examples

    def fingerprint(self) -> str:
        parts = *(part.fingerprint() for part in self._parts), repr((self.shape, self.dtype.name))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()
