"""Classes named after a few examples each: the nearest class mean in a representation.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017; Taigman, Yang, Ranzato & Wolf,
"DeepFace: Closing the Gap to Human-Level Performance in Face Verification", CVPR 2014, compares faces of people never
trained on in the representation of a network that tells others apart.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_dl.data.drawn import Episodes
from keras_dl.errors import UsageError
from keras_dl.lazy import keras


def episode_logits(features, shots: int):
    """Minus the squared distances from the queries of an episode to its class means: logits, (ways * queries, ways).

    `features` are (ways, shots + queries, width); the first `shots` of each class make its mean, its prototype. Queries
    come class by class.
    """
    ops = keras.ops
    prototypes = ops.mean(features[:, :shots], axis=1)
    queries = ops.reshape(features[:, shots:], (-1, features.shape[-1]))
    return -ops.sum(ops.square(queries[:, None] - prototypes[None]), axis=-1)


Likeness = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""how alike the features (n, width) are to others (n, width), (n,)"""


def accuracies(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    ways: int,
    shots: int,
    queries: int,
    count: int,
    seed: int,
    likeness: Likeness | None = None,
) -> np.ndarray:
    """The share of right queries of each of `count` episodes of `ways` classes, drawn by `seed`, (count,) float64.

    `features` (n, width) and `labels` (n,) are of all examples. The answer is the class whose mean is nearest, or the
    one whose known examples have the highest mean of `likeness` to the query. Raises `UsageError` for too few classes
    or examples.
    """
    episodes = Episodes(labels, shots + queries)
    if not 2 <= ways <= len(episodes.members):
        raise UsageError(f"ways must be 2 to {len(episodes.members)}, the classes there are, got {ways}")
    features, own = np.asarray(features, "float32"), np.repeat(np.arange(ways), queries)
    found = []
    for number in range(count):
        drawn = features[episodes.batch(ways * episodes.each, seed, 0, number)].reshape(ways, episodes.each, -1)
        known, asked = drawn[:, :shots], drawn[:, shots:].reshape(len(own), -1)
        if likeness is None:
            alike = -np.square(asked[:, None] - known.mean(axis=1)).sum(axis=2)
        else:
            others = known.reshape(ways * shots, -1)
            pairs = likeness(asked.repeat(len(others), axis=0), np.tile(others, (len(asked), 1)))
            alike = pairs.reshape(len(asked), ways, shots).mean(axis=2)
        found.append(np.mean(alike.argmax(axis=1) == own))
    return np.array(found)


def interval(values: np.ndarray) -> float:
    """Half the width of the 95 % confidence interval of the mean of `values` (n,), which are drawn one by one."""
    return float(1.96 * np.std(values, ddof=1) / np.sqrt(len(values)))
