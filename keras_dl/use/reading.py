"""What users have, as a network takes it: files of pictures, rows of numbers, sentences."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_dl import names
from keras_dl.data.csv_file import read_columns
from keras_dl.data.pictures import SUFFIXES, read_pictures
from keras_dl.data.resize import cover
from keras_dl.data.series import numbers as series_numbers
from keras_dl.data.sounds import SUFFIXES as SOUNDS
from keras_dl.data.sounds import fitted, read_sound, resampled
from keras_dl.data.spec import Column, Spec
from keras_dl.data.spectra import heard
from keras_dl.data.table import Table
from keras_dl.errors import UsageError, some
from keras_dl.fields import Seed, checked
from keras_dl.use.gaps import read_gaps
from keras_dl.use.graphs import read_graphs
from keras_dl.use.texts import read_texts
from keras_dl.use.triples import read_triples
from keras_dl.use.words import read_sums

TABLES = "tables that end in .csv"
Inputs = tuple[list[str], dict[str, np.ndarray]]
"""what each input is called, and all of them by column"""


def read(places: Sequence[str | os.PathLike], spec: Spec, *, skip_bad: bool = False) -> Inputs:
    """The inputs at `places` for a network of `spec`.

    Pictures are files, or lie in folders at any depth; they are scaled to cover the input and cropped to its centre.
    Numbers are rows of .csv files, whose header, if there is one, is passed over. A text is the place itself, or each
    line of a .txt file; for a network of two texts they come in twos. Sounds are recordings, resampled to the rate of
    the network. A series is a .csv file with the columns of the network by their names, of which it takes the last
    rows. Graphs are .npz files. A triple is "head relation tail", with ? for the head or the tail that is asked for.

    Raises `UsageError` for what is not there, holds nothing, cannot be read, or has another number of columns than the
    network of inputs; of pictures that cannot be read only without `skip_bad`.
    """
    name = spec.input
    column = spec.columns[name]
    readers: dict[str, Callable[[Sequence[Any], Column, bool], tuple[list[str], np.ndarray]]] = {
        "image": _pictures,
        "features": _rows,
        "states": _rows,
        "series": _moments if column.rate is None else _sounds,
        "audio": _samples,
    }
    if column.counts:
        sources, sums = read_sums(places, column)
        return sources, {name: sums}
    if column.kind == "tokens":
        return read_texts(places, spec)
    if column.kind == "triple":
        sources, triples = read_triples(places, column)
        return sources, {name: triples}
    if column.kind == "nodes":
        return read_graphs([names.expanded(names.checked("an input", place)) for place in places], spec)
    if column.kind == "image" and column.rate is not None:
        readers["image"] = _sounds
    if column.kind not in readers or (column.kind == "series" and not column.rate and not column.names):
        raise UsageError(f"inputs of the kind {column.kind} are not read from files; call the network of keras_dl.load")
    places = [names.expanded(names.checked("an input", place)) for place in places]
    if column.kind == "features" and column.gaps:
        return read_gaps([file for place in places for file in _files(place, {".csv"}, TABLES)], name, column)
    sources, values = readers[column.kind](places, column, skip_bad)
    return sources, {name: values}


def read_seeds(places: Sequence[str | int]) -> Inputs:
    """Whole numbers as the column "seed". Raises `UsageError` for anything else."""
    try:
        seeds = [checked("a seed", int(place), Seed) for place in places]
    except (TypeError, ValueError):
        raise UsageError(
            f"this model makes pictures, one for each seed, a whole number from 0 on; got {some([*map(str, places)])}"
        ) from None
    return [f"seed {seed}" for seed in seeds], {"seed": np.array(seeds, "int64")}


def _pictures(places: Sequence[Path], column: Column, skip_bad: bool) -> tuple[list[str], np.ndarray]:
    files = [file for place in places for file in _files(place, SUFFIXES, "pictures")]
    height, width, channels = column.shape
    pixels, pictures = read_pictures(files, height, width)
    bad = [f"{file} ({picture.bad})" for file, picture in zip(files, pictures, strict=True) if picture.bad]
    if len(bad) == len(files) or (bad and not skip_bad):
        advice = "" if len(bad) == len(files) else "; --skip-bad leaves them out"
        raise UsageError(f"{len(bad)} of {len(files)} pictures cannot be read: {some(bad, most=3)}{advice}")
    good = [not picture.bad for picture in pictures]
    return [str(file) for file, right in zip(files, good, strict=True) if right], _colours(pixels[good], channels)


def _sounds(places: Sequence[Path], column: Column, _skip_bad: bool) -> tuple[list[str], np.ndarray]:
    files = [file for place in places for file in _files(place, SOUNDS, "recordings")]
    return [str(file) for file in files], heard(column, [resampled(*read_sound(file), column.rate) for file in files])


def _samples(places: Sequence[Path], column: Column, _skip_bad: bool) -> tuple[list[str], np.ndarray]:
    """The samples of recordings, (n, samples), with silence behind or cut."""
    files = [file for place in places for file in _files(place, SOUNDS, "recordings")]
    sounds = [fitted(resampled(*read_sound(file), column.rate), *column.shape) for file in files]
    return [str(file) for file in files], np.stack(sounds)


def _moments(places: Sequence[Path], column: Column, _skip_bad: bool) -> tuple[list[str], np.ndarray]:
    """The last steps of the series in each table, on the scale of the network."""
    files = [file for place in places for file in _files(place, {".csv"}, TABLES)]
    steps, windows = column.shape[0], []
    for file in files:
        values, _ = series_numbers(file, read_columns(file), column.names)
        if len(values) < steps:
            raise UsageError(f"{file} has {len(values)} rows; the network goes on with a series of {steps} or more")
        windows.append((values[-steps:] - column.offsets) / column.scales)
    return [str(file) for file in files], np.array(windows, "float32")


def _rows(places: Sequence[Path], column: Column, _skip_bad: bool) -> tuple[list[str], np.ndarray]:
    files = [file for place in places for file in _files(place, {".csv"}, TABLES)]
    if column.vocabulary is not None:
        return _table_rows(files, Table.from_json(column.vocabulary))
    width = int(np.prod(column.shape))
    sources, rows = [], []
    for file in files:
        for number, row in enumerate(_table(file), start=1):
            values = [_number(cell) for cell in row]
            if number == 1 and set(values) <= {None}:  # the names of the columns
                continue
            if None in values:
                raise UsageError(f"{file}, line {number}, holds what is no number: {','.join(row)}")
            if values and (len(values) != width or not np.isfinite(values).all()):
                raise UsageError(f"{file}, line {number}, must hold {width} finite numbers, got {','.join(row)}")
            if values:
                sources.append(f"{file}:{number}")
                rows.append(values)
    if not rows:
        raise UsageError(f"{some([str(file) for file in files])} holds no row of numbers")
    return sources, np.array(rows, "float32").reshape(-1, *column.shape)


def _table_rows(files: Sequence[Path], table: Table) -> tuple[list[str], np.ndarray]:
    """Rows of tables with the columns that the network has learned from, by their names; others are passed over."""
    found = {file: table.encode(read_columns(file)) for file in files}
    sources = [f"{file}:{number}" for file, rows in found.items() for number in range(2, len(rows) + 2)]
    return sources, np.concatenate([*found.values()])


def _files(place: Path, endings: set[str] | frozenset[str], what: str) -> list[Path]:
    """`place`, or what lies in that folder and has one of the `endings`."""
    if not place.exists():
        raise UsageError(f"there is no file or folder {place}")
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise UsageError(f"{place} is neither a file nor a folder")
    found = sorted(
        file
        for file in place.rglob("*")
        if file.suffix.lower() in endings and file.is_file() and not file.name.startswith(".")
    )
    if not found:
        raise UsageError(f"{place} holds no {what}")
    return found


def _table(file: Path) -> list[list[str]]:
    """The cells of a table, row by row. Raises `UsageError` for what is none."""
    try:
        return list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file} is no table of numbers: {error}") from None


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _colours(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Pictures (n, height, width, 3) uint8 with so many channels, float32."""
    if channels == 3:
        return pixels.astype("float32")
    if (pixels == pixels[..., :1]).all():
        return pixels[..., :1].astype("float32")
    return cover(pixels, (*pixels.shape[1:3], channels)).numpy()
