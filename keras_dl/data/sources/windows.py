"""Windows of one long array: what language models and forecasts learn from."""

from __future__ import annotations

import hashlib

import numpy as np

from keras_dl.data.hashing import of_array
from keras_dl.data.source import Source
from keras_dl.errors import UsageError
from keras_dl.fields import Count, checked


class Windows(Source):
    """Example i is the `length` items of `values` from i * `stride` on.

    `values` (items, ...) may be an array in memory or of a file, `numpy.load(path, mmap_mode="r")`. Windows overlap
    where `stride` is less than `length`; items behind the last whole window are in none. Small whole numbers come out
    as int32. Raises `UsageError` where there are fewer items than one window has.
    """

    def __init__(self, values: np.ndarray, length: int, *, stride: int = 1):
        self._flat, self._stride = values, checked("stride", stride, Count)
        length = checked("length", length, Count)
        if len(values) < length:
            raise UsageError(f"windows of {length:,} items are wanted, there are {len(values):,} in all")
        small = values.dtype.kind in "iu" and values.dtype.itemsize < 4
        self.shape, self.dtype = (length, *values.shape[1:]), np.dtype("int32") if small else values.dtype
        self.in_memory = not isinstance(values, np.memmap)

    def __len__(self) -> int:
        return (len(self._flat) - self.shape[0]) // self._stride + 1

    def take(self, indices: np.ndarray) -> np.ndarray:
        places = np.multiply(indices, self._stride)[:, None] + np.arange(self.shape[0])
        return self._flat[places].astype(self.dtype, copy=False)

    def fingerprint(self) -> str:
        parts = (of_array(self._flat), repr((self.shape, self._stride)))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()
