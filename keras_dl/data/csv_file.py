"""A table in a .csv file: one column is to be predicted from all others."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
from pathlib import Path

import numpy as np

from keras_dl.data import series
from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data
from keras_dl.data.holdout import complete
from keras_dl.data.source import Array
from keras_dl.data.spec import INPUTS, Column
from keras_dl.data.split import Split
from keras_dl.data.table import Table, is_missing, is_number
from keras_dl.errors import UsageError, shown, some

MOST_CLASSES = 20
"""different whole numbers that are still classes"""
WORDS_OF_TEXT = 2
"""on average, from which on cells are texts and no categories"""
HEADLESS = "the first line holds numbers, so that it is a row; the columns are called column 1, column 2 .."
TEXTS = ("text", "second_text")
"""the columns of one text or two"""


def load_csv(path: Path, validation: float, seed: int, target: str | None) -> Data:
    """The rows of the table in `path`, whose first line names its columns, and what is to be predicted, `target`.

    Numbers are scaled to mean 0 and variance 1 over the training rows, words are categories, as `Table` says; where
    there are one or two other columns, all of texts of several words, these are the inputs as they are. The target is a
    class where it holds words, or at most `MOST_CLASSES` neighbouring whole numbers; otherwise a number. Several
    targets have commas between them and keep their names. Rows without any are left out. Without a target a table of
    dates, in order, and numbers is one long series. Raises `UsageError` for everything else.
    """
    columns = read_columns(path)
    if target is None and series.in_table(columns):
        values, names = series.numbers(path, columns)
        return series.from_series(
            values, names=names, name=shown(path.name), validation=validation, origin=origin_of(path)
        )
    targets = _targets(path, columns, target)
    kept = [any(not is_missing(columns[name][row]) for name in targets) for row in range(len(columns[targets[0]]))]
    notices = []
    if not all(kept):
        notices.append(f"{kept.count(False)} of {len(kept)} rows have no {' or '.join(targets)} and were left out")
        columns = {
            name: [cell for cell, keep in zip(cells, kept, strict=True) if keep] for name, cells in columns.items()
        }
    if is_headless(columns):
        notices.append(HEADLESS)
    answers, described = {}, {}
    for name in targets:
        values, column, words = _answers(path, name, columns.pop(name))
        key = name if len(targets) > 1 else {"class": "label", "number": "number"}[column.kind]
        answers[key], described[key] = Array(values) if column.gaps else values, column
        notices.append(words)
    rows, strata, names = len(values), len(values), ()
    if "label" in described and described["label"].kind == "class":
        strata, names = Split({"label": answers["label"]}).labels, described["label"].class_names
    missing = {name: sum(map(is_missing, cells)) for name, cells in columns.items()}
    if any(missing.values()):
        told = some([f"{count} in {name}" for name, count in missing.items() if count])
        notices.append(f"of {rows} rows, cells are missing: {told}; numbers became the median of their column")
    if len(columns) <= 2 and all(map(_is_text, columns.values())):
        table = None
    else:
        parts, _ = complete({"train": strata}, validation, seed, names)
        table = Table.of(columns, parts["train"][1])
        notices.append("numbers were scaled to mean 0 and variance 1 over the training rows")

    def encoded(table: Table | None) -> Data:
        if table is None:
            inputs = dict(zip(TEXTS, (np.array(cells, object) for cells in columns.values()), strict=False))
            column = {name: Column(kind="text") for name in inputs}
        else:
            inputs = {"features": table.encode(columns)}
            column = {"features": Column(kind="features", shape=(table.width,), vocabulary=table.to_json())}
        data = assemble(
            {"train": {**inputs, **answers}},
            {**column, **described},
            name=shown(path.name),
            validation=validation,
            seed=seed,
            notices=[shown(notice) for notice in notices],
            origin=origin_of(path),
        )
        recode = None if table is None else lambda text: encoded(Table.from_json(text))
        return dataclasses.replace(data, recode=recode)

    return encoded(table)


def is_headless(columns: dict[str, list[str]]) -> bool:
    """Whether `columns` are of a table whose first line names none."""
    return [*columns] == _numbered(len(columns))


def _numbered(count: int) -> list[str]:
    return [f"column {number}" for number in range(1, count + 1)]


def _is_text(cells: list[str]) -> bool:
    return np.mean([len(cell.split()) for cell in cells]) >= WORDS_OF_TEXT


def _targets(path: Path, columns: dict[str, list[str]], target: str | None) -> list[str]:
    """The columns that are to be predicted. Raises `UsageError` for others than there are, and where none is left."""
    names = [target] if target is None or target in columns else [name.strip() for name in target.split(",")]
    if missing := [name for name in names if name not in columns]:
        what = "say which of its columns is the target" if target is None else f"it has no column {missing[0]}"
        raise UsageError(f"{path}: {what}; it has {some([*columns], most=20)}")
    if len(set(names)) < len(names):
        raise UsageError(f"each target is wanted once, got {target}")
    if len(columns) <= len(names):
        raise UsageError(f"{path} has no column beside {' and '.join(names)} to predict it from")
    if len(names) > 1 and (taken := [name for name in names if name in INPUTS]):
        raise UsageError(f"one of several targets cannot be called {taken[0]}, as inputs are; rename the column")
    return names


def _answers(path: Path, target: str, cells: list[str]) -> tuple[np.ndarray, Column, str]:
    """What the column `target` holds, -1 or NaN where a cell is missing, what it is, and this in words."""
    known = np.array([not is_missing(cell) for cell in cells])
    found = [cell.strip() for cell, there in zip(cells, known, strict=True) if there]
    if not found:
        raise UsageError(f"column {target} of {path} is empty")
    names, gaps = _classes(found), not known.all()
    told = f", {len(known) - len(found)} rows have none" if gaps else ""
    if len(names) == 1:
        raise UsageError(f"column {target} of {path} holds {names[0]!r:.60} alone; there is nothing to tell apart")
    if names:
        values = np.full(len(cells), -1)
        values[known] = [names.index(cell) for cell in found]
        return (
            values,
            Column(kind="class", class_names=names, gaps=gaps),
            f"{target} is one of {len(names)} classes{told}",
        )
    if strange := [cell for cell in found if not is_number(cell)]:
        raise UsageError(f"column {target} holds numbers, and {strange[0]!r:.60}; make them all numbers, or words")
    values = np.full((len(cells), 1), np.nan, "float32")
    values[known, 0] = np.array(found, "float32")
    words = f"{target} is a number, {np.nanmin(values):g}..{np.nanmax(values):g}{told}"
    return values, Column(kind="number", shape=(1,), gaps=gaps), words


def read_columns(path: Path) -> dict[str, list[str]]:
    """The cells of each column of the table in `path` by its name. Raises `UsageError` for what is no table.

    A first line that holds numbers, and words, if any, that stand again below them, is a row: the columns of such a
    table are called by their numbers.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no table that can be read: {getattr(error, 'strerror', None) or error}") from None
    if len(rows) < 2:
        raise UsageError(f"{path} has {len(rows)} lines; a line with the names of its columns and rows are wanted")
    header, *below = rows
    header = [name.strip() for name in header]
    if _is_row(header, below):
        header, below = _numbered(len(header)), rows
    elif any(map(is_number, header)):
        raise UsageError(f"the first line of {path} must name the columns; it holds {some(header)}")
    twice = sorted({name for name in header if header.count(name) > 1 or not name})
    if twice:
        raise UsageError(f"the columns of {path} must have different names; there is more than one {twice[0]!r}")
    for number, row in enumerate(below, start=1):
        if len(row) != len(header):
            raise UsageError(f"row {number} of {path} has {len(row)} cells; {len(header)} are wanted: {','.join(row)}")
    return dict(zip(header, map(list, zip(*below, strict=True)), strict=True))


def _is_row(first: list[str], below: list[list[str]]) -> bool:
    """Whether the `first` line of a table is a row like those `below`."""
    words = {place: cell for place, cell in enumerate(first) if not is_number(cell) and not is_missing(cell)}
    again = all(cell in {row[place].strip() for row in below if place < len(row)} for place, cell in words.items())
    return any(map(is_number, first)) and again


def origin_of(path: Path) -> dict[str, object]:
    """Where the data in the file `path` come from, for `Data`."""
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    version = f"{path.stat().st_size:,} bytes, SHA-256 {found}"
    return {"kind": "a file", "name": path.name, "version": version, "counts": {}}


def _classes(cells: list[str]) -> tuple[str, ...]:
    """The classes that `cells` are of, in order; none where they are numbers."""
    different = set(cells)
    numbers = [cell for cell in different if is_number(cell)]
    if not numbers:
        return tuple(sorted(different))
    if len(numbers) < len(different) or len(different) > MOST_CLASSES or not all(map(str.isdecimal, different)):
        return ()
    ordered = sorted(different, key=int)
    return tuple(ordered) if int(ordered[-1]) - int(ordered[0]) == len(ordered) - 1 else ()
