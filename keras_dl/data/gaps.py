"""Cells of a table: which features are about which, and what features say of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from keras_dl.data.table import Numbers, Table, Words

CELLS = "cells"
"""beside the features of its rows a model that fills gaps may be given their cells as they stand, by column"""
FILLED, ROW = "filled", "row"
"""what such a model answers: what it says of the gaps of a row, and the whole row; by the names of columns"""


@dataclasses.dataclass(frozen=True)
class Group:
    """The features `start` to `stop` of a table, which tell the cells of the column `name`."""

    name: str
    column: Numbers | Words
    start: int
    stop: int

    @property
    def of_words(self) -> bool:
        return isinstance(self.column, Words)

    def said(self, features: np.ndarray) -> list[float] | list[str]:
        """What `features` (rows, width), scores of words or a number on the scale of networks, say of its cells."""
        found = features[:, self.start : self.stop]
        if isinstance(self.column, Words):
            return [self.column.words[place] for place in found.argmax(axis=1)]
        values = found[:, 0].astype("float64") * self.column.deviation + self.column.mean
        return [float(f"{value:.6g}") for value in values]


def groups(table: Table) -> tuple[Group, ...]:
    """Those of all columns, in their order."""
    ends = np.cumsum([column.width for column in table.columns.values()]).tolist()
    columns = table.columns.items()
    return tuple(
        Group(name, column, end - column.width, end) for (name, column), end in zip(columns, ends, strict=True)
    )


def of_features(groups: Sequence[Group]) -> np.ndarray:
    """For each feature the place of its group, int32 (width,)."""
    return np.repeat(np.arange(len(groups), dtype="int32"), [group.stop - group.start for group in groups])
