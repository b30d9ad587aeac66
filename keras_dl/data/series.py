"""One long series of numbers, such as a temperature at each hour: parted in time, and learned window by window."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_dl.data.checks import as_array, checked_inputs
from keras_dl.data.dataset import ARRAYS, SPLITS, Data
from keras_dl.data.holdout import TEST_FRACTION
from keras_dl.data.source import Array
from keras_dl.data.sources import Windows
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.data.standardized import standardized
from keras_dl.data.table import is_number
from keras_dl.errors import UsageError, shown, some

MOMENT, SERIES, NEXT = "moment", "series", "number"
"""the column of a series as it is; those of its windows, and of what comes next"""
FEWEST = 10
"""moments of which a series must have more"""


def from_series(
    values: np.ndarray,
    *,
    names: Sequence[str] = (),
    name: str = "series",
    validation: float = 0.1,
    origin: dict[str, Any] = ARRAYS,
) -> Data:
    """The data of `values` (n,) or (n, numbers) in the order of time, each moment an example; `names` of the numbers.

    The last fifth is the test split; before it lies the part `validation` of what is left. Raises `UsageError` for
    values that are not finite numbers, or few.
    """
    values = as_array(values, "a series")
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.dtype.kind not in "biuf" or not values.size:
        raise UsageError(f"a series must be numbers (n,) or (n, numbers), got {values.dtype} {values.shape}")
    values = checked_inputs(values.astype("float32"), name)
    if len(values) <= FEWEST:
        raise UsageError(f"{name} has {len(values)} moments; a series needs more than {FEWEST}")
    names = (
        tuple(names) or ("value",) * (values.shape[1] == 1) or tuple(f"value {n + 1}" for n in range(values.shape[1]))
    )
    rest = len(values) - max(1, round(TEST_FRACTION * len(values)))
    ends = [0, rest - max(1, round(validation * rest)), rest, len(values)]
    parts = {
        split: Split({MOMENT: values[start:end]})
        for split, (start, end) in zip(SPLITS, itertools.pairwise(ends), strict=True)
    }
    spec = Spec(name=name, columns={MOMENT: Column(kind="moment", shape=values.shape[1:], names=names)})
    notices = (
        f"the series is parted in time: the test split is its last {ends[3] - ends[2]:,} of {ends[3]:,} moments",
    )
    return Data(spec=spec, origin=origin, notices=notices, **parts)


def in_table(columns: dict[str, list[str]]) -> bool:
    """Whether the `columns` of a table, by name, are a series: dates that rise and numbers, or numbers alone in one."""
    first, *others = columns.values()
    return all(map(is_number, first)) if not others else _rising(first)


def numbers(
    path: Path, columns: dict[str, list[str]], names: Sequence[str] | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The values (n, numbers) of a series in `columns`, and what they are called: those of `names`, or all but dates.

    Raises `UsageError` for other names than there are, and for cells without a number.
    """
    there = [name for number, name in enumerate(columns) if number or not _rising(columns[name])]
    names = there if names is None else names
    if missing := [name for name in names if name not in there]:
        raise UsageError(f"{path} has no numbers {some(missing)}; it has {some(there, most=20)}")
    for name in names:
        gap = next((row for row, cell in enumerate(columns[name]) if not is_number(cell)), None)
        if gap is not None:
            cell = columns[name][gap]
            raise UsageError(f"row {gap + 1} of {path} has no number in {name}, but {cell!r:.40}; a series has no gaps")
    return np.array([columns[name] for name in names], "float32").T, tuple(map(shown, names))


def windowed(data: Data, steps: int, like: Spec | None = None) -> Data:
    """`data` of moments as `SERIES`, windows of `steps` of them, and `NEXT`, the numbers that come right after.

    A split has a window for each of its moments that has so many before it, in whichever split: the past is known. The
    numbers have mean 0 and deviation 1 over the training split, or are scaled as in `like`. Raises `UsageError` where
    training has no window.
    """
    column = data.spec.columns[MOMENT]
    if like is not None and column.names != (names := like.columns[SERIES].names):
        raise UsageError(f"the model goes on with {some(names)}; {data.spec.name} has {some(column.names)}")
    if like is not None:
        scaled = dataclasses.replace(column, **_scales(like.columns[SERIES]))
        like = dataclasses.replace(like, columns={MOMENT: scaled})
    data = standardized(data, like, MOMENT)
    values = np.concatenate([getattr(data, name).columns[MOMENT].values for name in SPLITS])
    splits, end = {}, 0
    for name in SPLITS:
        start, end = max(end, steps), end + len(getattr(data, name))
        if start >= end:
            raise UsageError(
                f"windows of {steps:,} steps and one more are wanted; the {name} split of {data.spec.name} ends at "
                f"moment {end:,}; take fewer steps"
            )
        splits[name] = Split({SERIES: Windows(values[start - steps : end - 1], steps), NEXT: Array(values[start:end])})
    told = {"names": column.names, **_scales(data.spec.columns[MOMENT])}
    columns = {
        SERIES: Column(kind="series", shape=(steps, *column.shape), **told),
        NEXT: Column(kind="number", shape=column.shape, **told),
    }
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, columns=columns), **splits)


def _scales(column: Column) -> dict[str, tuple[float, ...]]:
    return {"offsets": column.offsets, "scales": column.scales}


def _rising(cells: list[str]) -> bool:
    """Whether `cells` are dates, each later than the one before: 2016-07, 2016-07-01 or 2016-07-01 13:00:00."""
    try:
        dates = [
            datetime.datetime.fromisoformat(f"{cell}-01" if len(cell) == len("2016-07") else cell) for cell in cells
        ]
        return all(one < other for one, other in itertools.pairwise(dates))
    except (ValueError, TypeError):
        return False
