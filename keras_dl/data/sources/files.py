"""Files that hold one example each."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from keras_dl.data.source import Source
from keras_dl.data.sources.threads import in_threads
from keras_dl.errors import UsageError


class Files(Source):
    """The examples in the files `paths`: `decode(content, example)` puts that of a file into an array of `shape`.

    `checksums` (n,) are the CRC-32 of the files as they were when somebody made sure that they can be decoded.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        checksums: np.ndarray,
        decode: Callable[[bytes, np.ndarray], object],
        *,
        shape: tuple[int, ...],
        dtype: np.dtype | str,
    ):
        self._paths, self._checksums, self._decode = list(paths), checksums, decode
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)

    def __len__(self) -> int:
        return len(self._paths)

    def take(self, indices: np.ndarray) -> np.ndarray:
        examples = np.empty((len(indices), *self.shape), self.dtype)
        in_threads(self._read, zip(indices, examples, strict=True), len(indices))
        return examples

    def _read(self, number: int, example: np.ndarray) -> None:
        path = self._paths[number]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        if zlib.crc32(content) != self._checksums[number]:
            raise UsageError(f"{path} has changed since it was first read")
        self._decode(content, example)

    def fingerprint(self) -> str:
        parts = self._checksums.astype("uint32").tobytes(), repr((self.shape, self.dtype.name)).encode()
        return hashlib.sha256(b"".join(parts)).hexdigest()
