"""TFRecord files as they are, each record read by its number."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from keras_dl.data.source import Source
from keras_dl.errors import UsageError
from keras_dl.lazy import tf

HEADER, FOOTER = 12, 4
"""bytes before the content of a record, its length and a checksum of that, and after it, a checksum of the content"""
AT_ONCE = 32


@dataclasses.dataclass(frozen=True, eq=False)
class RecordIndex:
    """Where each record lies: `files`, and for each record the number of its file, its offset, length and CRC-32."""

    files: tuple[Path, ...]
    file: np.ndarray
    offset: np.ndarray
    length: np.ndarray
    checksum: np.ndarray

    @classmethod
    def of(cls, files: Sequence[Path], look: Callable[[bytes], None] | None = None) -> Self:
        """The index of all records of `files`, in order; `look`, if given, is called with the content of each.

        Every file is read once and whole, and TensorFlow checks the checksums in it. Raises `UsageError` naming a file
        that is damaged or missing.
        """
        number, offset, length, checksum = [], [], [], []
        for index, path in enumerate(files):
            place = 0
            try:
                for batch in tf.data.TFRecordDataset(os.fspath(path)).batch(AT_ONCE).as_numpy_iterator():
                    for content in batch:
                        number.append(index)
                        offset.append(place + HEADER)
                        length.append(len(content))
                        checksum.append(zlib.crc32(content))
                        place += HEADER + len(content) + FOOTER
                        if look is not None:
                            look(content)
            except tf.errors.OpError as error:
                raise UsageError(f"{path} is damaged behind byte {place:,} ({type(error).__name__})") from None
            if place != path.stat().st_size:
                raise UsageError(f"{path} is compressed or damaged: its records end at byte {place:,}")
        return cls(
            tuple(files),
            np.array(number, "int32"),
            np.array(offset, "int64"),
            np.array(length, "int64"),
            np.array(checksum, "uint32"),
        )

    def __len__(self) -> int:
        return len(self.file)

    def read(self, number: int) -> bytes:
        """The content of one record. Raises `UsageError` if the file is no longer what was indexed."""
        file, offset, length = self.file[number], int(self.offset[number]), int(self.length[number])
        try:
            with open(self.files[file], "rb", buffering=0) as opened:
                content = os.pread(opened.fileno(), length, offset)
        except OSError as error:
            raise UsageError(f"{self.files[file]} cannot be read: {error.strerror}") from None
        if len(content) != length or zlib.crc32(content) != self.checksum[number]:
            raise UsageError(
                f"{self.files[file]} has changed since it was first read: record {number:,} of {length:,} bytes at "
                f"{offset:,} is {'cut short' if len(content) != length else 'another'}"
            )
        return content


class Records(Source):
    """The records of `index`, made (n, *`shape`) of `dtype` by `decode` of n contents."""

    def __init__(
        self,
        index: RecordIndex,
        decode: Callable[[list[bytes]], np.ndarray],
        *,
        shape: tuple[int, ...],
        dtype: np.dtype | str,
    ):
        self._index, self._decode = index, decode
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)

    def __len__(self) -> int:
        return len(self._index)

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self._decode([self._index.read(number) for number in indices])

    def fingerprint(self) -> str:
        parts = (self._index.length.tobytes(), self._index.checksum.tobytes(), repr((self.shape, self.dtype.name)))
        return hashlib.sha256(b"".join(parts[:2]) + parts[2].encode()).hexdigest()
