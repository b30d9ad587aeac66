"""Whether two things are of one class, told by a number that is the larger the more alike they are.

Chopra, Hadsell & LeCun, "Learning a Similarity Metric Discriminatively, with Application to Face Verification", CVPR
2005; Schroff, Kalenichenko & Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015.
"""

from __future__ import annotations

import numpy as np

from keras_dl.data.drawn import Pairs
from keras_dl.lazy import keras

ops = keras.ops
PAIRS = 4000
"""pairs that are measured, half of them of one class"""


def equal_error_rate(likeness: np.ndarray, same: np.ndarray) -> float:
    """The share of errors at the threshold that makes as many among pairs of one class as among the others.

    `likeness` (n,) says how alike the two of each pair are, `same` (n,) whether they are of one class. Between two
    thresholds the shares are joined by straight lines; pairs that are equally alike fall together.
    """
    order = np.argsort(-likeness, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(likeness[order])), len(order) - 1)
    accepted, wrong = np.cumsum(same[order])[ends], np.cumsum(~same[order])[ends]
    missed = 1 - np.append(0, accepted) / same.sum()
    taken = np.append(0, wrong) / (~same).sum()
    after = int(np.argmax(taken >= missed))
    gap = missed - taken
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(taken[after - 1] + share * (taken[after] - taken[after - 1]))


def drawn_pairs(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The places of the first and the second of `PAIRS` pairs among `labels` (n,), the same each time, and `same`."""
    places = Pairs(labels).batch(2 * PAIRS, 0, 0, 0)
    first, second = places[::2], places[1::2]
    return first, second, labels[first] == labels[second]


def triplet_losses(vectors, labels, margin: float):
    """The loss of each pair of one class among `vectors` (n, width) of length 1, and which these are: (n, n) both.

    Its first must be nearer to its second than to any of another class, by `margin`, in squared distances. Of those of
    other classes the nearest counts that is farther than the second is, "semi-hard", or the farthest where none is so
    far (section 3.2).
    """
    squares = ops.maximum(2 - 2 * ops.matmul(vectors, ops.transpose(vectors)), 0.0)
    same = ops.equal(labels[:, None], labels[None])
    others = ops.logical_not(same)[:, None]
    farther = ops.logical_and(others, squares[:, None] > squares[:, :, None])
    semi_hard = ops.min(ops.where(farther, squares[:, None], np.inf), axis=2)
    farthest = ops.max(ops.where(others, squares[:, None], 0.0), axis=2)
    negative = ops.where(ops.any(farther, axis=2), semi_hard, farthest)
    pairs = ops.logical_and(same, ops.logical_not(ops.eye(ops.shape(vectors)[0], dtype="bool")))
    return ops.maximum(margin + squares - negative, 0.0), pairs
