"""How good pictures are that were made, as a whole, in the eyes of a network that tells classes: the judge.

All but the entropy compare features, (n, width), of made and of real pictures: what the judge's last layer reads.
"""

from __future__ import annotations

import numpy as np


def class_entropy(classes: np.ndarray, count: int) -> float:
    """Of the shares in which `classes` (n,), whole numbers below `count`, occur, in nats: log(count) at most."""
    shares = np.bincount(classes, minlength=count) / len(classes)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def precision_and_recall(real: np.ndarray, made: np.ndarray, neighbours: int = 3) -> tuple[float, float]:
    """The share of `made` features among the real ones, and of `real` ones among those that were made.

    A feature is among others if it is as near to one of them as the `neighbours`-th nearest of these is to that one.
    Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019.
    """
    return _among(made, real, neighbours), _among(real, made, neighbours)


def _among(some: np.ndarray, others: np.ndarray, neighbours: int) -> float:
    radii = np.sort(_distances(others, others), axis=1)[:, neighbours]  # the nearest is the feature itself
    return float(np.mean(np.any(_distances(some, others) <= radii, axis=1)))


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances, (n, m) float64."""
    first, second = (x.astype("float64") for x in (first, second))
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    return np.maximum(squares, 0)


def kernel_distance(real: np.ndarray, made: np.ndarray) -> float:
    """The squared distance of the means of both in the space of the kernel (x y / width + 1)^3; it can be below 0.

    That of Bińkowski, Sutherland, Arbel & Gretton, "Demystifying MMD GANs", ICLR 2018, section 4, where features are of
    Inception v3: the kernel inception distance, without a bias.
    """
    real, made = (x.astype("float64") for x in (real, made))

    def mean(first, second, same):
        values = (first @ second.T / first.shape[1] + 1) ** 3
        return (values.sum() - np.trace(values)) / (len(first) * (len(first) - 1)) if same else values.mean()

    return float(mean(real, real, True) + mean(made, made, True) - 2 * mean(real, made, False))
