"""Inputs on one scale, and inputs without correlation: what makes the loss as steep in one direction as in another.

LeCun, Bottou, Orr & Müller, "Efficient BackProp", in Neural Networks: Tricks of the Trade, 1998, section 4.3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.spec import Column
from keras_dl.data.split import Split
from keras_dl.errors import choose
from keras_dl.fields import checked

SMALLEST = 1e-6


def standardize(data: Data) -> Data:
    """`data` as features of mean 0 and variance 1 over the training split; constant inputs become 0.

    Pictures are flattened. Mean and deviation are those of the training split in every split. Raises `UsageError` for
    texts and sounds.
    """
    from sklearn.preprocessing import StandardScaler

    return _transformed(data, StandardScaler().fit(_rows(data, "train")).transform)


def whiten(data: Data, method: Literal["pca", "zca"]) -> Data:
    """`data` as features whose covariance over the training split is the identity.

    `method` "pca" gives one feature for each principal direction, most variance first. "zca" turns them back to the
    axes of the inputs, so that pictures still look like pictures (Bell & Sejnowski 1997); there the covariance is
    the identity only where no direction is left out. Left out are directions with less than a millionth of the largest
    variance, among them those in which the training split does not vary. The directions are those of the training
    split in every split. Raises `UsageError` for texts and sounds.
    """
    from sklearn.decomposition import PCA

    choose("method", method, ("pca", "zca"))

    fitted = PCA(svd_solver="covariance_eigh").fit(_rows(data, "train"))
    kept = fitted.explained_variance_ > SMALLEST * fitted.explained_variance_[0]
    directions = fitted.components_[kept]
    scaled = directions.T / np.sqrt(fitted.explained_variance_[kept])
    matrix = scaled if method == "pca" else scaled @ directions
    return _transformed(data, lambda rows: (rows - fitted.mean_) @ matrix)


def _rows(data: Data, name: str) -> np.ndarray:
    checked("data", data, Data).spec.check_numbers("whitening")
    split = getattr(data, name)
    return split.inputs().reshape(len(split), -1).astype("float64")


def _transformed(data: Data, transform: Callable[[np.ndarray], np.ndarray]) -> Data:
    splits = {}
    for name in SPLITS:
        rows = transform(_rows(data, name)).astype("float32")
        splits[name] = Split({"features": rows, "label": getattr(data, name).labels})
    spec = data.spec.with_input(Column(kind="features", shape=splits["train"].shape))
    return dataclasses.replace(data, spec=spec, reread=None, **splits)
