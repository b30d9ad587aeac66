"""What features are worth that were learned without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from keras_dl.data.split import input_alone
from keras_dl.lazy import keras
from keras_dl.learning.encoders import encoder_of

if TYPE_CHECKING:
    from keras_dl.config import Config
    from keras_dl.data import Split

BATCH = 256


def outputs(model: keras.Model, split: Split) -> np.ndarray:
    """What `model` makes of the inputs of `split`, in order, (n, outputs) float32."""
    batches = split.in_order.batches(BATCH, input_alone)
    return np.concatenate([np.asarray(model.predict_on_batch(x.numpy()), "float32") for x, _ in batches])


def probed(network: keras.Model, config: Config, split: Split) -> dict[str, float]:
    """The "linear_probe" of what the encoder of `network` makes of the inputs of `split`, if they have labels.

    It is the accuracy of a logistic regression that is fitted on half of the examples of each class and measured on
    the others, each feature on the scale of the first half. Where all labels are one there is nothing to tell.
    """
    if "label" not in split.columns:
        return {}
    labels = split.labels
    by_class = np.argsort(labels, kind="stable")
    by_class = by_class[labels[by_class] >= 0]
    known, unseen = by_class[::2], by_class[1::2]
    if len(np.unique(labels[known])) < 2:
        return {}
    features = outputs(encoder_of(network, config), split)
    return {"linear_probe": linear_probe(features[known], labels[known], features[unseen], labels[unseen])}


def linear_probe(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray, answers: np.ndarray) -> float:
    """The share of `answers` (m,) that a logistic regression gives for the features `unseen`, (m, width).

    It is fitted on `features` (n, width) and `labels` (n,), standardised by their own means and spreads (Alain &
    Bengio, "Understanding intermediate layers using linear classifier probes", ICLR 2017 Workshop).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with threadpool_limits(1):  # several threads take longer for so little
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, labels)
        return float(probe.score(unseen, answers))


def nearest_neighbour(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray, answers: np.ndarray) -> float:
    """The share of `answers` (m,) that the nearest of `features` (n, width) with `labels` (n,) gives for `unseen`.

    The nearest to each of `unseen`, (m, width), is that of the largest cosine.
    """
    known, asked = (
        part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12) for part in (features, unseen)
    )
    return float(np.mean(labels[np.argmax(asked @ known.T, axis=1)] == answers))
