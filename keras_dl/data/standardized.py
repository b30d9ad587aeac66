"""Numbers to be predicted, brought to mean 0 and deviation 1, and back to their units."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.spec import Spec

NAME = "number"


def standardized(data: Data, like: Spec | None = None) -> Data:
    """`data` whose column "number" has mean 0 and deviation 1 over the training split, or as `like` has it.

    The column keeps what is needed to go back. A number that does not vary stays, less its mean.
    """
    values = np.asarray(data.train.columns[NAME].values, "float64")
    if like is None:
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        offsets, scales = tuple(map(float, mean)), tuple(float(scale) or 1.0 for scale in deviation)
    else:
        offsets, scales = like.columns[NAME].offsets, like.columns[NAME].scales
    splits = {}
    for name in SPLITS:
        split = getattr(data, name)
        numbers = ((np.asarray(split.columns[NAME].values, "float64") - offsets) / scales).astype("float32")
        splits[name] = dataclasses.replace(split, columns={**split.columns, NAME: numbers})
    return dataclasses.replace(data, spec=data.spec.replace(NAME, offsets=offsets, scales=scales), **splits)


def in_units(numbers: np.ndarray, spec: Spec, *, deviations: bool = False) -> np.ndarray:
    """`numbers` (n, outputs) of a network that learned `spec` in the units of the data, or `deviations` from such."""
    column = spec.columns[NAME]
    return numbers * column.scales + (0 if deviations else np.array(column.offsets))
