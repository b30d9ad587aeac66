"""Vectors of classes: attributes that they have, or the vectors of the words that they are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_dl.data.csv_file import read_columns
from keras_dl.data.table import is_number
from keras_dl.errors import UsageError, some


def read_vectors(path: Path, names: Sequence[str]) -> np.ndarray:
    """The vectors of the classes `names`, (classes, numbers) float64, of the table in `path`.

    Its first column names classes, more than these perhaps, the others hold numbers. Raises `UsageError` for a table
    that lacks one of them, has it twice, or holds something else than numbers, and for two classes of the same vector.
    """
    columns = read_columns(path)
    classes, *numbers = columns.values()
    if not numbers:
        raise UsageError(f"{path} holds no numbers; a class and its attributes a row are wanted")
    found = {}
    for name, *cells in zip(classes, *numbers, strict=True):
        if name.strip() in found:
            raise UsageError(f"{path} has the class {name.strip()!r:.60} twice")
        if strange := [cell for cell in cells if not is_number(cell)]:
            raise UsageError(f"{path} holds {strange[0]!r:.60} in the row of {name.strip()!r:.60}; numbers are wanted")
        found[name.strip()] = [*map(float, cells)]
    if missing := [name for name in names if name not in found]:
        raise UsageError(f"{path} has no vector of {some(missing)}; it has those of {some([*found])}")
    vectors = np.array([found[name] for name in names])
    if not vectors.any(axis=1).all():
        raise UsageError(
            f"the vector of {names[int(np.argmin(vectors.any(axis=1)))]} in {path} is 0; it has no direction"
        )
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    same = np.argwhere(np.triu(unit @ unit.T > 1 - 1e-9, 1))
    if len(same):
        one, other = (names[place] for place in same[0])
        raise UsageError(f"{one} and {other} have vectors of one direction in {path}; they cannot be told apart")
    return vectors
