"""The bytes at an address, within a time that the pace of the server cannot stretch."""

from __future__ import annotations

import threading
import time
import urllib.request
from typing import IO

PATIENCE = 60.0
"""seconds of silence at most, and seconds after which a download must have come at `SLOWEST` on average"""
SLOWEST = 20_000
"""bytes a second"""
PIECE = 2**20


class NotWhole(Exception):
    """A file is not what was published; the message says why."""


def download(url: str, file: IO[bytes], most: int) -> None:
    """Write what `url` sends into `file`, no more than `most` bytes.

    Raises `OSError` or `http.client.HTTPException` if it does not come, or too slowly, and `NotWhole` if it is longer
    than that or shorter than announced.
    """
    transfer, start = _Transfer(url, file, most), time.monotonic()
    transfer.start()
    while transfer.is_alive():
        transfer.join(PATIENCE / 100)
        seconds = time.monotonic() - start
        if transfer.is_alive() and seconds > PATIENCE and transfer.received < SLOWEST * seconds:
            raise TimeoutError(f"only {transfer.received:,} bytes came in {seconds:.0f} seconds")
    if transfer.error is not None:
        raise transfer.error


class _Transfer(threading.Thread):
    """Copies in the background, since a line of a header that comes letter by letter cannot be timed from within."""

    def __init__(self, url: str, file: IO[bytes], most: int):
        super().__init__(daemon=True)
        self.received, self.error = 0, None
        self._url, self._file, self._most = url, file, most

    def run(self) -> None:
        try:
            self._copy()
        except Exception as error:
            self.error = error

    def _copy(self) -> None:
        with urllib.request.urlopen(self._url, timeout=PATIENCE) as response:
            announced = response.headers.get("Content-Length")
            while piece := response.read1(PIECE):
                self._file.write(piece)
                self.received += len(piece)
                if self.received > self._most:
                    raise NotWhole(f"more than {self._most:,} bytes")
        if announced and announced.isdecimal() and int(announced) != self.received:
            raise NotWhole(f"cut off after {self.received:,} of {int(announced):,} bytes")
