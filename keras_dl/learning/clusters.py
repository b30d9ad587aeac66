"""Clusters of features, as DeepCluster finds them: k-means after whitening.

Caron, Bojanowski, Joulin & Douze, "Deep Clustering for Unsupervised Learning of Visual Features", ECCV 2018, section
3.3: features are reduced to 256 dimensions by PCA, whitened, and divided by their length. As in the authors' code
k-means takes 20 rounds; it begins by k-means++ (Arthur & Vassilvitskii, SODA 2007) instead of at random.
"""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from keras_dl.errors import UsageError

WIDEST = 256
"""dimensions at most that PCA leaves"""
ROUNDS = 20
FAINTEST = 1e-8
"""a direction of less variance, relative to that of the largest, is noise of float32, and is left out"""


@dataclasses.dataclass(frozen=True, eq=False)
class Clusters:
    """What k-means has found in features (n, features), all arrays float32 but for the last two, int.

    `mean` (features,) and `projection` (features, width) whiten, `centroids` (clusters, width) are the means of what
    belongs to the clusters, `labels` (n,) say which one that is, and `counts` (clusters,) how many are in each.
    """

    mean: np.ndarray
    projection: np.ndarray
    centroids: np.ndarray
    labels: np.ndarray
    counts: np.ndarray


def width_for(features: int) -> int:
    """How many dimensions are left of so many `features`."""
    return min(features, WIDEST)


def find(features: np.ndarray, count: int, seed: int) -> Clusters:
    """`count` clusters of `features` (n, features); `seed` decides where k-means begins.

    It is done by one thread, since several add up in no fixed order. Raises `UsageError` where fewer of the features
    differ than there are to be clusters.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what it warns of is looked for below
        mean, projection = whitening(features)
        directions = whitened(features, mean, projection)
        found = KMeans(count, n_init=1, max_iter=ROUNDS, random_state=seed).fit(directions)
    counts = np.bincount(found.labels_, minlength=count)
    if counts.min() == 0 and (different := len(np.unique(directions, axis=0))) < count:
        raise UsageError(
            f"the features of {len(features):,} examples are only {different:,} different ones, which do not make "
            f"{count} clusters; take fewer clusters, or a smaller learning rate if the network has collapsed"
        )
    return Clusters(mean, projection, found.cluster_centers_.astype("float32"), found.labels_, counts)


def whitening(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean (features,) of `features` (n, features), and a projection (features, width).

    What is projected has a variance of 1 in each dimension, but for those that nothing is left for, which are 0.
    """
    mean = features.mean(axis=0, dtype="float64")
    centred = features - mean
    variances, directions = np.linalg.eigh(centred.T @ centred / len(features))
    chosen = np.argsort(-variances, kind="stable")[: width_for(len(mean))]
    variances, directions = variances[chosen], directions[:, chosen]
    known = variances > FAINTEST * max(variances[0], np.finfo("float32").tiny)
    projection = np.where(known, directions / np.sqrt(np.where(known, variances, 1)), 0)
    return mean.astype("float32"), projection.astype("float32")


def whitened(features: np.ndarray, mean: np.ndarray, projection: np.ndarray) -> np.ndarray:
    """`features` (n, features) projected and divided by their length, (n, width); 0 where that is 0."""
    projected = (features - mean) @ projection
    return projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12)
