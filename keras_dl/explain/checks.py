"""Measures of heat maps, and the check that every method must pass.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim, "Sanity checks for saliency maps", NeurIPS 2018: a map that stays the
same when the weights are replaced by random ones does not explain what the network has learned.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keras_dl.errors import choose
from keras_dl.lazy import keras
from keras_dl.surgery import stage_of, stages


def randomized(model: keras.Model, fresh: Iterable[str], *, seed: int) -> keras.Model:
    """A copy of `model` whose stages `fresh` are newly initialised, as `seed` says.

    With the seed that `model` was itself initialised with it would get back the weights that training began with, and
    much of its maps with them; take another.

    Raises `UsageError` for a stage that does not exist.
    """
    fresh = {choose("stage", stage, stages(model)) for stage in fresh}
    keras.utils.set_random_seed(seed)
    copy = keras.models.clone_model(model)
    for layer, original in zip(copy.layers, model.layers, strict=True):
        if stage_of(layer) not in fresh:
            layer.set_weights(original.get_weights())
    return copy


def without_biases(model: keras.Model) -> keras.Model:
    """A copy of `model` in which nothing is added but what comes from pixels: there relevance is conserved exactly.

    Biases, the shifts of batch normalisation and the backgrounds of LeCun's convolutions are 0.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for variable in copy.weights:
        if variable.name in ("bias", "beta", "moving_mean"):
            variable.assign(np.zeros(variable.shape))
    for layer in copy.layers:
        if hasattr(layer, "padding_value"):
            layer.padding_value = 0.0
    return copy


def rank_correlation(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each of the maps (n, ...) with the one of `others` at its place: (n,).

    A map of equal values has no order; its correlation with any other counts as 0.
    """
    from scipy.stats import spearmanr

    pairs = zip(maps, others, strict=True)
    return np.array([spearmanr(a.ravel(), b.ravel()).statistic if np.ptp(a) and np.ptp(b) else 0.0 for a, b in pairs])


def mass_inside(maps: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The part of each map (n, height, width) or (n, height, width, channels) that lies in `region`: (n,).

    Summed are magnitudes. `region`, (height, width) or (n, height, width), is true inside; a map of zeros gives 0.
    """
    strength = np.abs(maps) if maps.ndim == 3 else np.abs(maps).sum(axis=-1)
    inside, total = (strength * region).sum(axis=(1, 2)), strength.sum(axis=(1, 2))
    return inside / np.where(total == 0, 1, total)
