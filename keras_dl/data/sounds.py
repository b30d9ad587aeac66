"""Recordings: files of sound of any form, and their common length."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_dl.errors import UsageError

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"})
FITTING = 99
"""% of the sounds that are not cut to make all of them equally long"""


def read_sound(path: Path) -> tuple[np.ndarray, int]:
    """The samples of a file, float32 (n,) of -1..1, the mean of its channels, and how many there are a second.

    Raises `UsageError` for a file that cannot be read or is empty.
    """
    import soundfile

    try:
        samples, found = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:  # soundfile's own are RuntimeErrors
        raise UsageError(f"{path} cannot be read: {str(error).rpartition(': ')[2]}") from None
    if not len(samples):
        raise UsageError(f"{path} has no sound")
    samples = samples.mean(axis=1)
    if not np.isfinite(samples).all():
        raise UsageError(f"{path} holds samples that are not finite")
    return np.clip(samples, -1, 1), found


def resampled(sound: np.ndarray, old: int, rate: int) -> np.ndarray:
    """`sound` (n,) of `old` samples a second with `rate` of them a second."""
    if old == rate:
        return sound
    from scipy.signal import resample_poly

    common = math.gcd(rate, old)
    return np.clip(resample_poly(sound, rate // common, old // common), -1, 1).astype("float32")


def common_length(lengths: Sequence[int], rate: int) -> tuple[int, str]:
    """A length in samples that `FITTING` % of sounds of such `lengths` fit into, and a notice what becomes of all."""
    length = int(np.percentile(lengths, FITTING))
    return length, f"sounds were made {length} samples long ({length / rate:.2f} s), by silence or by a cut"


def fitted(sound: np.ndarray, length: int) -> np.ndarray:
    """`sound` (n,) with silence after it, or cut, (length,)."""
    return np.pad(sound[:length], (0, max(0, length - len(sound))))


def holds_sounds(folder: str | os.PathLike) -> bool:
    """Whether the first file with an ending of sounds or pictures, in or below `folder`, is a sound."""
    from keras_dl.data.pictures import SUFFIXES as PICTURES

    for _, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            suffix = Path(name).suffix.lower()
            if not name.startswith(".") and suffix in SUFFIXES | PICTURES:
                return suffix in SUFFIXES
    return False
