"""Numbers to be predicted, brought to mean 0 and deviation 1, and back to their units."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.source import Array
from keras_dl.data.spec import Spec

NAME = "number"


def standardized(data: Data, like: Spec | None = None, name: str = NAME) -> Data:
    """`data` whose column `name` has mean 0 and deviation 1 over the training split, or as `like` has it.

    The column keeps what is needed to go back. A number that does not vary stays, less its mean; NaN stays NaN.
    """
    if like is None:
        values = np.asarray(data.train.columns[name].values, "float64")
        values = values[~np.isnan(values).any(axis=1)]
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        offsets, scales = tuple(map(float, mean)), tuple(float(scale) or 1.0 for scale in deviation)
    else:
        offsets, scales = like.columns[name].offsets, like.columns[name].scales
    splits = {}
    for key in SPLITS:
        split = getattr(data, key)
        numbers = ((np.asarray(split.columns[name].values, "float64") - offsets) / scales).astype("float32")
        splits[key] = dataclasses.replace(split, columns={**split.columns, name: Array(numbers)})
    return dataclasses.replace(data, spec=data.spec.replace(name, offsets=offsets, scales=scales), **splits)


def in_units(numbers: np.ndarray, spec: Spec, *, deviations: bool = False, name: str = NAME) -> np.ndarray:
    """`numbers` (n, outputs) of a network that learned `spec` in the units of the data, or `deviations` from such."""
    column = spec.columns[name]
    return numbers * column.scales + (0 if deviations else np.array(column.offsets))
