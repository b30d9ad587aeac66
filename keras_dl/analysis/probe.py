"""Linear probes: how much of a class can be read from features by a linear classifier.

Alain & Bengio, "Understanding intermediate layers using linear classifier probes", ICLR 2017 Workshop.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from keras_dl.lazy import keras


def features(model: keras.layers.Layer, inputs: np.ndarray) -> np.ndarray:
    """What `model` makes of `inputs` (n, ...) as it answers, not as it trains: (n, width), in parts of 1,024."""
    parts = np.array_split(inputs, -(-len(inputs) // 1024))
    return np.concatenate([keras.ops.convert_to_numpy(model(part, training=False)) for part in parts])


def linear_probe(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray, answers: np.ndarray) -> float:
    """The share of `answers` (m,) that a logistic regression gives for the features `unseen`, (m, width).

    It is fitted on `features` (n, width) and `labels` (n,), standardised by their own means and spreads.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with threadpool_limits(1):  # several threads take longer for so little
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, labels)
        return float(probe.score(unseen, answers))
