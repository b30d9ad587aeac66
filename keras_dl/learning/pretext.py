"""Tasks that pictures set by themselves: their turn, what was hidden of them, their cluster.

Gidaris, Singh & Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018; He et al.,
"Masked Autoencoders Are Scalable Vision Learners", CVPR 2022; Caron et al., "Deep Clustering for Unsupervised Learning
of Visual Features", ECCV 2018.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from keras_dl.lazy import keras


def turned(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Square `pictures` (n, side, side, channels) by 0 to 3 quarters of a turn, (4n, ...), and how many, (4n,)."""
    quarters = [np.rot90(pictures, quarter, axes=(1, 2)) for quarter in range(4)]
    return np.concatenate(quarters), np.repeat(np.arange(4), len(pictures))


def hidden(pictures: np.ndarray, share: float, patch: int, generator: np.random.Generator) -> np.ndarray:
    """Where patches of `pictures` (n, height, width, channels) are hidden: booleans of that shape.

    The `share` of the patches, rounded, is drawn for each picture; sides must be multiples of `patch`.
    """
    count, height, width, _ = pictures.shape
    rows, columns = height // patch, width // patch
    ranks = generator.random((count, rows * columns)).argsort(axis=1).argsort(axis=1)
    cells = (ranks < round(share * rows * columns)).reshape(count, rows, columns, 1)
    return np.broadcast_to(cells.repeat(patch, axis=1).repeat(patch, axis=2), pictures.shape)


def masked(
    pictures: np.ndarray, fill: np.ndarray, *, share: float, patch: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`pictures` (n, height, width, channels), values 0..255, with `fill` where `hidden` hides them, and the targets.

    `fill` is one picture. The targets, (n, 2, pixels) float32, are those of `imputation_loss`, pixels as 0..1.
    """
    mask = hidden(pictures, share, patch, generator)
    targets = np.stack([pictures / 255, mask], axis=1).reshape(len(pictures), 2, -1).astype("float32")
    return np.where(mask, fill, pictures), targets


def imputation_loss(targets, guesses):
    """The mean squared error of `guesses` (batch, pixels) where they were hidden, one number for each picture.

    `targets` (batch, 2, pixels) are the pixels, and 1 where they were hidden.
    """
    ops = keras.ops
    pixels, mask = targets[:, 0], targets[:, 1]
    return ops.sum(mask * ops.square(guesses - pixels), axis=-1) / ops.sum(mask, axis=-1)


def clusters(features: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The cluster of each of `features` (n, width), (n,): k-means after whitening by PCA and division by the length."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    with threadpool_limits(1):  # several threads take longer for so little
        width = min(features.shape[1], np.linalg.matrix_rank(features - features.mean(axis=0)))
        whitened = normalize(PCA(width, whiten=True, random_state=seed).fit_transform(features))
        return KMeans(count, n_init=3, random_state=seed).fit_predict(whitened)
