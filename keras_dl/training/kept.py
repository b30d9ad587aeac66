"""Which epoch the weights at the end of a training are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_dl.learning.objective import LOSS, Objective
from keras_dl.training.options import Options


def kept_row(rows: Sequence[dict[str, Any]], options: Options, watched: Objective = LOSS) -> dict[str, Any]:
    """The row of metrics of the epoch whose weights the model has after a training with `options`.

    With patience the one that is best by what it has `watched`, the first of equals, else the last.
    """
    if options.patience is None:
        return rows[-1]
    return min(rows, key=lambda row: watched.rank(row[watched.key]))
