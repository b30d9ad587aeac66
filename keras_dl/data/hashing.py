"""The SHA-256 of arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import numpy as np


def of_array(values: np.ndarray) -> str:
    """The SHA-256 of the values of an array, or of its texts."""
    if values.dtype == object:
        return hashlib.sha256(json.dumps(values.tolist()).encode()).hexdigest()
    return hashlib.sha256(np.ascontiguousarray(values)).hexdigest()


def of_blocks(blocks: Iterable[np.ndarray]) -> str:
    """The SHA-256 of the array of numbers that `blocks` are the parts of, in order."""
    found = hashlib.sha256()
    for block in blocks:
        found.update(np.ascontiguousarray(block))
    return found.hexdigest()
