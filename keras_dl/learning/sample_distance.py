"""How far pictures that were made are from real ones, as distributions, without a trained network to judge by.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", NeurIPS 2017,
section 2: the distance of two Gaussians, there of features of Inception v3, here of the pictures shrunk to 8x8. That
sees where ink and colours are, how they belong together, and whether all samples are alike; it is blind to edges and
strokes finer than a cell, so that blurred pictures may come out as near as sharp ones.
"""

from __future__ import annotations

import numpy as np

from keras_dl.lazy import tf

SIDE = 8
"""cells in a row of a shrunken picture"""


def shrunken(pictures: np.ndarray) -> np.ndarray:
    """`pictures` (n, height, width, channels) of pixels 0..255 as means of cells, (n, 8 * 8 * channels) in 0..1."""
    cells = tf.image.resize(pictures, (SIDE, SIDE), method="area").numpy()
    return cells.reshape(len(cells), -1).astype("float64") / 255


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """That, squared, of the Gaussians with mean and covariance of `first` (n, width) and `second` (m, width)."""
    means, covariances = zip(*((x.mean(axis=0), np.atleast_2d(np.cov(x.T))) for x in (first, second)), strict=True)
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ covariances[1] @ root), 0)).sum()
    spread = sum(np.trace(covariance) for covariance in covariances) - 2 * overlap
    return float(np.square(means[0] - means[1]).sum() + spread)
