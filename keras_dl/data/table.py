"""Rows of a table as numbers for networks: numbers on one scale, words as one number for each of them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from keras_dl.errors import UsageError, some

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})
"""cells that hold nothing, in small letters"""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
MOST_WORDS = 100
"""different words of a column that is still a category"""


@dataclasses.dataclass(frozen=True)
class Numbers:
    """A column of numbers: less `mean`, over `deviation`; what is missing is `middle` before."""

    middle: float
    mean: float
    deviation: float

    width = 1

    @classmethod
    def of(cls, cells: Sequence[str], *, gaps: bool = False) -> Self:
        """The scale on which `cells` have mean 0 and variance 1; missing ones become their median, or stay `gaps`."""
        values = np.array([float(cell) for cell in cells if not is_missing(cell)])
        middle = float(np.median(values))
        filled = values if gaps else np.concatenate([values, np.full(len(cells) - len(values), middle)])
        return cls(middle, float(filled.mean()), float(filled.std()) or 1.0)

    def encode(self, cells: Sequence[str]) -> np.ndarray:
        values = [self.middle if is_missing(cell) else _number(cell) for cell in cells]
        return ((np.array(values, "float64") - self.mean) / self.deviation)[:, None]


@dataclasses.dataclass(frozen=True)
class Words:
    """A column of `words`: 1 for the one that is there, 0 for each of the others, and for all where it is missing."""

    words: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.words)

    def encode(self, cells: Sequence[str]) -> np.ndarray:
        places = {word: place for place, word in enumerate(self.words)}
        hot = np.zeros((len(cells), len(self.words)))
        for row, cell in enumerate(cells):
            if is_missing(cell):
                continue
            if cell.strip() not in places:
                raise ValueError(f"{cell.strip()!r} is none of {some(self.words)}")
            hot[row, places[cell.strip()]] = 1
        return hot


@dataclasses.dataclass(frozen=True)
class Table:
    """How rows become features: the columns that they are made of by name, in order."""

    columns: Mapping[str, Numbers | Words]

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[str]], training: np.ndarray, *, gaps: bool = False) -> Self:
        """How the rows of `columns`, cells by name, become features; scales are those of the rows `training` alone.

        They are those of the cells that are not missing, where others stay `gaps`. Raises `UsageError` for columns that
        are neither numbers nor categories.
        """
        return cls({name: _column(name, cells, training, gaps) for name, cells in columns.items()})

    @property
    def width(self) -> int:
        """How many features there are."""
        return sum(column.width for column in self.columns.values())

    def encode(self, columns: Mapping[str, Sequence[str]]) -> np.ndarray:
        """The features (rows, `width`) float32 of `columns`, cells by name.

        Raises `UsageError` for columns that are missing, for words that were not in the table before, and for words
        where there were numbers.
        """
        if missing := [name for name in self.columns if name not in columns]:
            raise UsageError(f"the table lacks the columns {some(missing)}; it has {some([*columns])}")
        parts = []
        for name, column in self.columns.items():
            try:
                parts.append(column.encode(columns[name]))
            except ValueError as error:
                raise UsageError(f"column {name}: {error}") from None
        return np.concatenate(parts, axis=1).astype("float32")

    def with_gaps(self, columns: Mapping[str, Sequence[str]]) -> np.ndarray:
        """The features of `encode`, NaN where they come from a cell that is missing."""
        features = self.encode(columns)
        missing = np.array([[*map(is_missing, columns[name])] for name in self.columns]).T
        features[np.repeat(missing, [column.width for column in self.columns.values()], axis=1)] = np.nan
        return features

    def to_json(self) -> str:
        """What `from_json` reads."""
        return json.dumps({name: dataclasses.asdict(column) for name, column in self.columns.items()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises `UsageError` for what `to_json` has not written."""
        try:
            found = json.loads(text)
            return cls({name: _of_json(value) for name, value in found.items()})
        except (ValueError, TypeError, AttributeError):
            raise UsageError("the description of the table is damaged") from None


def is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None


def _number(cell: str) -> float:
    if not is_number(cell):
        raise ValueError(f"{cell.strip()!r} is no number")
    return float(cell)


def _column(name: str, cells: Sequence[str], training: np.ndarray, gaps: bool) -> Numbers | Words:
    there = [(place, cell.strip()) for place, cell in enumerate(cells) if not is_missing(cell)]
    if not there:
        raise UsageError(f"column {name} is empty; take it out of the table")
    strange = [(place, cell) for place, cell in there if not is_number(cell)]
    if not strange:
        trained = [cells[place] for place in training]
        if all(map(is_missing, trained)):
            raise UsageError(f"column {name} has no number in the training rows; take it out of the table")
        return Numbers.of(trained, gaps=gaps)
    if len(strange) < len(there) / 2:
        place, cell = strange[0]
        raise UsageError(f"column {name} holds numbers, and {cell!r:.60} in row {place + 1}; make them all numbers")
    words = tuple(sorted({cell for _, cell in there}))
    if len(words) > MOST_WORDS:
        raise UsageError(
            f"column {name} holds {len(words):,} different words, such as {words[0]!r:.60}; a category has at most "
            f"{MOST_WORDS}: take it out of the table, or make it numbers"
        )
    return Words(words)


def _of_json(value: Any) -> Numbers | Words:
    match value:
        case {"words": [*words]} if len(value) == 1 and all(isinstance(word, str) for word in words):
            return Words(tuple(words))
        case {"middle": float(middle), "mean": float(mean), "deviation": float(deviation)} if len(value) == 3:
            return Numbers(middle, mean, deviation)
    raise ValueError(value)
