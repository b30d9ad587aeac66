"""Models of growing size that are fitted exactly, in float64: what happens where they just fit all training examples.

Where several fits are equally good the one of least norm is taken, as gradient descent from 0 finds it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def polynomials(x: np.ndarray, y: np.ndarray, unseen: np.ndarray, degrees: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Fits of each of `degrees` to the points `x`, `y` (n,), where x is in -1..1, in the basis of Legendre.

    Returns their values at `x` (degrees, n) and at `unseen` (degrees, m), and the norms of their coefficients,
    (degrees,).
    """
    seen, beyond, norms = [], [], []
    for degree in degrees:
        basis = np.polynomial.legendre.legvander(x, degree)
        fit = np.linalg.lstsq(basis, y, rcond=None)[0]
        seen.append(basis @ fit)
        beyond.append(np.polynomial.legendre.legval(unseen, fit))
        norms.append(np.linalg.norm(fit))
    return np.array(seen), np.array(beyond), np.array(norms)


def random_features(
    x: np.ndarray, y: np.ndarray, unseen: np.ndarray, counts: Sequence[int], *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Linear fits of `y` (n, outputs) on random ReLU features of `x` (n, d), for each of the growing `counts` of them.

    Returns their values at `x` (counts, n, outputs) and at `unseen` (counts, m, outputs). Smaller sets of features are
    parts of the larger ones. Rahimi & Recht, "Random features for large-scale kernel machines", NIPS 2007.
    """
    directions = np.random.default_rng(seed).normal(size=(x.shape[1], counts[-1])) / np.sqrt(x.shape[1])
    features, beyond = (np.maximum(inputs.astype("float64") @ directions, 0) for inputs in (x, unseen))
    fits = [np.linalg.lstsq(features[:, :count], y, rcond=None)[0] for count in counts]
    return tuple(np.array([values[:, : len(fit)] @ fit for fit in fits]) for values in (features, beyond))


def linear_autoencoders(x: np.ndarray, unseen: np.ndarray, codes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The best linear autoencoders of `x` (n, d) for each of `codes`, the widths of their code.

    Returns the mean squared errors of reconstruction of `x` and of `unseen`, (codes,) each. The best is the projection
    on the first principal axes: Baldi & Hornik, "Neural networks and principal component analysis", Neural Networks 2,
    1989.
    """
    middle = x.mean(axis=0, dtype="float64")
    axes = np.linalg.svd(x - middle, full_matrices=False)[2][: len(x) - 1]  # further directions are rounding errors
    return tuple(
        np.array([np.mean((centred - centred @ axes[:code].T @ axes[:code]) ** 2) for code in codes])
        for centred in (x - middle, unseen - middle)
    )
