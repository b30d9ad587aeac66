"""A table as it is, gaps and all: what networks learn from that are to fill them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from keras_dl.data.assemble import assemble
from keras_dl.data.csv_file import HEADLESS, is_headless, origin_of, read_columns
from keras_dl.data.dataset import Data
from keras_dl.data.holdout import complete
from keras_dl.data.source import Array
from keras_dl.data.spec import Column
from keras_dl.data.table import Table, is_missing, is_number
from keras_dl.errors import UsageError, shown, some


def load_whole(path: Path, validation: float, seed: int, target: str | None) -> Data:
    """The table in `path` as `whole_table` has it. Raises `UsageError` as that does, and for a `target`."""
    if target is not None:
        raise UsageError(f"the whole table {path.name} is learned, gaps and all; leave the target {target} out")
    return whole_table(read_columns(path), path.name, validation=validation, seed=seed, origin=origin_of(path))


def whole_table(
    columns: dict[str, list[str]], name: str, *, validation: float, seed: int, origin: dict[str, Any]
) -> Data:
    """All `columns`, cells by name, as the column "features" alone, NaN where a cell is missing.

    Numbers are scaled to mean 0 and variance 1 over the training cells that are there. Columns that hold one value in
    all of these are left out, since it has no scale. Raises `UsageError` for a table of nothing but gaps, or nothing
    but such columns, and as `Table.of` does.
    """
    rows, missing = len(next(iter(columns.values()))), sum(sum(map(is_missing, cells)) for cells in columns.values())
    if missing == rows * len(columns):
        raise UsageError(f"{name} holds nothing but gaps")
    told = f"{missing:,} of {rows * len(columns):,} cells are gaps"
    notices = [told if missing else f"{name} has no gaps: cells are hidden to learn from, a model fills other tables"]
    notices += [HEADLESS] if is_headless(columns) else []
    parts, _ = complete({"train": rows}, validation, seed, ())
    training = parts["train"][1]
    same = [key for key, cells in columns.items() if len({_value(cells[place]) for place in training} - {None}) == 1]
    if len(same) == len(columns):
        raise UsageError(f"each column of {name} holds one value; there is nothing to tell apart")
    if same:
        notices.append(f"columns of one value in the training rows were left out: {some(same)}")

    def encoded(table: Table) -> Data:
        column = Column(kind="features", shape=(table.width,), vocabulary=table.to_json(), gaps=True)
        data = assemble(
            {"train": {"features": Array(table.with_gaps(columns))}},
            {"features": column},
            name=shown(name),
            validation=validation,
            seed=seed,
            notices=[shown(notice) for notice in notices],
            origin=origin,
        )
        return dataclasses.replace(data, recode=lambda text: encoded(Table.from_json(text)))

    varied = {key: cells for key, cells in columns.items() if key not in same}
    return encoded(Table.of(varied, training, gaps=True))


def _value(cell: str) -> float | str | None:
    """What a cell says; None where it is missing."""
    return None if is_missing(cell) else float(cell) if is_number(cell) else cell.strip()
