"""Tables with gaps, as a network takes them that fills these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_dl.data.csv_file import is_headless, read_columns
from keras_dl.data.gaps import CELLS
from keras_dl.data.spec import Column
from keras_dl.data.table import Table
from keras_dl.errors import UsageError, some


def read_gaps(files: Sequence[Path], name: str, column: Column) -> tuple[list[str], dict[str, np.ndarray]]:
    """What each row of the tables `files` is called, and all of them by column: features, NaN for gaps, and cells.

    The features are the `column` called `name`, (rows, width) float32; the cells, dicts (rows,), are those of all
    columns of the file as they stand. Raises `UsageError` where no cell is a gap, and as `Table.encode` does.
    """
    table, sources, features, cells = Table.from_json(column.vocabulary), [], [], []
    for file in files:
        columns = read_columns(file)
        features.append(table.with_gaps(columns))
        cells += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        first = 1 if is_headless(columns) else 2
        sources += [f"{file}:{number}" for number in range(first, first + len(features[-1]))]
    found = np.concatenate(features)
    if not np.isnan(found).any():
        raise UsageError(f"{some([str(file) for file in files])} has no gaps to fill: cells that are empty, or ?")
    return sources, {name: found, CELLS: np.array(cells, object)}
