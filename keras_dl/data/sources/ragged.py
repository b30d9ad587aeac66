"""Examples of different lengths, one after another in one array: token ids, boxes, edges."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Self

import numpy as np

from keras_dl.data.hashing import of_array
from keras_dl.data.source import Source
from keras_dl.errors import UsageError
from keras_dl.fields import Count, checked


class Ragged(Source):
    """Example i is `values`[`offsets`[i] : `offsets`[i + 1]], padded by `fill` to `most` items.

    `values` (items, ...) may be an array in memory or of a file, `numpy.load(path, mmap_mode="r")`; `offsets` are whole
    numbers (n + 1,) from 0 to the number of items. `most` is by default the longest example's; of longer ones the first
    `most` items are taken. Raises `UsageError` for offsets that fall, or do not end where the values do.
    """

    def __init__(self, values: np.ndarray, offsets: np.ndarray, *, most: int | None = None, fill: float = 0):
        self._flat, self._offsets, self._fill = values, np.asarray(offsets), fill
        if self._offsets.dtype.kind not in "iu" or self._offsets.ndim != 1 or not self._offsets.size:
            raise UsageError(f"offsets must be whole numbers (n + 1,), got {self._offsets.dtype} {self._offsets.shape}")
        lengths = np.diff(self._offsets.astype("int64"))
        if self._offsets[0] != 0 or self._offsets[-1] != len(values) or (lengths < 0).any():
            raise UsageError(f"offsets must rise from 0 to the {len(values):,} values, got {self._offsets!r:.60}")
        most = max(1, int(lengths.max(initial=0))) if most is None else checked("most", most, Count)
        self.shape, self.dtype = (most, *values.shape[1:]), values.dtype
        self.in_memory = not isinstance(values, np.memmap)

    @classmethod
    def of(cls, examples: Sequence[np.ndarray], *, most: int | None = None, fill: float = 0) -> Self:
        """The source of `examples`, arrays (items, ...) that differ in their number of items alone."""
        offsets = np.cumsum([0, *map(len, examples)])
        return cls(np.concatenate(examples), offsets, most=most, fill=fill)

    @property
    def longest(self) -> int:
        """Items of the longest example, those that are not taken too."""
        return int(np.diff(self._offsets).max(initial=0))

    def padded(self, most: int) -> Self:
        """The same examples, padded to `most` items."""
        return type(self)(self._flat, self._offsets, most=most, fill=self._fill)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def take(self, indices: np.ndarray) -> np.ndarray:
        starts = self._offsets[indices]
        lengths = self._offsets[np.add(indices, 1)] - starts
        places = np.arange(self.shape[0])
        filled = places < lengths[:, None]
        taken = np.full((len(starts), *self.shape), self._fill, self.dtype)
        taken[filled] = self._flat[(starts[:, None] + places)[filled]]
        return taken

    def fingerprint(self) -> str:
        parts = (of_array(self._flat), of_array(self._offsets.astype("int64")), repr((self.shape, float(self._fill))))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()
