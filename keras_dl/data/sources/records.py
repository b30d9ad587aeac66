"""TFRecord files as they are, each record read by its number."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_dl.data.source import Source
from keras_dl.errors import UsageError
from keras_dl.lazy import tf

HEADER, FOOTER = 12, 4
"""bytes before the content of a record, its length and a checksum of that, and after it, a checksum of the content"""


@dataclasses.dataclass(frozen=True, eq=False)
class RecordIndex:
    """Where each record lies: `files`, and for each record the number of its file, its offset, length and CRC-32."""

    files: tuple[Path, ...]
    file: np.ndarray
    offset: np.ndarray
    length: np.ndarray
    checksum: np.ndarray

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


def indexed(files: Sequence[Path], parse: Callable[[tf.Tensor], Any] = lambda _: ()) -> tuple[RecordIndex, list[Any]]:
    """The index of all records of `files`, in order, and what `parse` makes of the content of each, as arrays.

    Every file is read once and whole, and TensorFlow checks the checksums in it. Raises `UsageError` naming a file
    that is damaged or missing.
    """
    number, offset, length, checksum, parsed = [], [], [], [], []

    @tf.autograph.experimental.do_not_convert
    def with_content(content):
        return content, parse(content)

    for index, path in enumerate(files):
        place = 0
        try:
            records = tf.data.TFRecordDataset(os.fspath(path)).map(with_content, tf.data.AUTOTUNE)
            for content, found in records.as_numpy_iterator():
                number.append(index)
                offset.append(place + HEADER)
                length.append(len(content))
                checksum.append(zlib.crc32(content))
                parsed.append(found)
                place += HEADER + len(content) + FOOTER
        except tf.errors.OpError as error:
            raise UsageError(f"{path} is damaged behind byte {place:,} ({type(error).__name__})") from None
        if place != path.stat().st_size:
            raise UsageError(f"{path} is compressed or damaged: its records end at byte {place:,}")
    arrays = np.array(number, "int32"), np.array(offset, "int64"), np.array(length, "int64")
    return RecordIndex(tuple(files), *arrays, np.array(checksum, "uint32")), parsed


class Records(Source):
    """The contents of the records of `index`: bytes."""

    shape, dtype = (), np.dtype(object)

    def __init__(self, index: RecordIndex):
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def take(self, indices: np.ndarray) -> np.ndarray:
        contents = np.empty(len(indices), object)
        for place, number in enumerate(indices):
            contents[place] = self._index.read(number)
        return contents

    def fingerprint(self) -> str:
        return hashlib.sha256(self._index.length.tobytes() + self._index.checksum.tobytes()).hexdigest()
