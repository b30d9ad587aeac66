"""Weights that make up for classes of few examples."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.spec import Column

WEIGHT = "weight"


def balanced(data: Data) -> Data:
    """`data` with the column "weight": in training n / (classes x examples of the class), 1 in the other splits.

    Classes without training examples do not count among the classes; so the mean weight is 1.
    """
    counts = np.bincount(data.train.labels)
    of_class = len(data.train) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    splits = {}
    for name in SPLITS:
        split = getattr(data, name)
        weights = of_class[split.labels] if name == "train" else np.ones(len(split))
        splits[name] = dataclasses.replace(split, columns={**split.columns, WEIGHT: weights.astype("float32")})
    spec = dataclasses.replace(data.spec, columns={**data.spec.columns, WEIGHT: Column(kind="weight")})
    return dataclasses.replace(data, spec=spec, **splits)
