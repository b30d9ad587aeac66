"""The last layer of a network of fixed features, solved for: least squares over batches, in float64."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras


def least_squares(batches: Iterable[tuple[np.ndarray, np.ndarray]], ridge: float = 0.0) -> np.ndarray:
    """The weights W (features, outputs) float64 with the least sum of |x W - y|^2 over all examples + `ridge` |W|^2.

    `batches` are pairs of features x (n, features) and targets y (n, outputs). Where several are equally good, which
    without `ridge` happens if there are fewer examples than features, those of least norm are taken. Only x'x and x'y
    are kept, (features, features) and (features, outputs). Without `ridge`, directions of x below 1e-8 of its largest,
    or thereabouts, count as none.

    Raises `UsageError` for no batches.
    """
    products, moments = 0.0, 0.0
    for x, y in batches:
        x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
        products, moments = products + x.T @ x, moments + x.T @ y
    if np.ndim(products) == 0:
        raise UsageError("there are no examples to fit")
    return solved(products, moments, ridge)


def solved(products: np.ndarray, moments: np.ndarray, ridge: float = 0.0) -> np.ndarray:
    """The weights of `least_squares`, (features, outputs), from the sums x'x and x'y over all examples."""
    if ridge > 0:
        from scipy.linalg import solve

        return solve(products + ridge * np.eye(len(products)), moments, assume_a="pos")
    return np.linalg.lstsq(products, moments, rcond=None)[0]


def fit_head(network: keras.Model, batches: Iterable[tuple[Any, np.ndarray]], ridge: float = 0.0) -> None:
    """Set the kernel of the layer "head" of `network`, which has no bias, by least squares on what it reads.

    `batches` are pairs of inputs, as the network takes them, and targets (n, outputs).
    """
    features = surgery.embedding(network)
    pairs = ((keras.ops.convert_to_numpy(features(x, training=False)), y) for x, y in batches)
    network.get_layer("head").set_weights([least_squares(pairs, ridge)])
