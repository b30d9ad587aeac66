"""How good the answers of a classifier are: by class, by confidence, and where it is most wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics

BINS = 15


def scores(probabilities: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> dict[str, Any]:
    """As JSON: accuracy, log_loss in nats, top_5 (of more than 5 classes), macro_f1, calibration_error, and by class.

    `probabilities` are (n, classes), `labels` (n,) whole numbers. The calibration error is that of Guo et al. 2017, "On
    calibration of modern neural networks", ICML, section 2: the mean distance of confidence and accuracy over 15 equal
    bins of confidence, weighted by their examples. "confusion" holds counts, a row a true class.
    """
    places, guesses = range(len(class_names)), probabilities.argmax(axis=1)
    found = {
        "examples": len(labels),
        "accuracy": float(metrics.accuracy_score(labels, guesses)),
        "log_loss": float(metrics.log_loss(labels, probabilities, labels=list(places))),
        "calibration_error": calibration_error(*calibration(probabilities, labels)),
    }
    if len(class_names) > 5:
        found["top_5"] = float(metrics.top_k_accuracy_score(labels, probabilities, k=5, labels=list(places)))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, guesses, labels=list(places), zero_division=0
    )
    found["macro_f1"] = float(f1[support > 0].mean())
    found["classes"] = {
        class_names[place]: {
            "precision": float(precision[place]),
            "recall": float(recall[place]),
            "f1": float(f1[place]),
            "examples": int(support[place]),
        }
        for place in places
    }
    found["confusion"] = metrics.confusion_matrix(labels, guesses, labels=list(places)).tolist()
    return found


def calibration(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of `BINS` equal bins of confidence that is not empty: mean confidence, accuracy, share of examples."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    filled = np.unique(bins)
    rows = [
        (confidence[bins == number].mean(), right[bins == number].mean(), np.mean(bins == number)) for number in filled
    ]
    return tuple(np.array(rows).T)


def calibration_error(confidence: np.ndarray, accuracy: np.ndarray, share: np.ndarray) -> float:
    return float((share * np.abs(confidence - accuracy)).sum())


def worst_mistakes(probabilities: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """The places of up to `most` wrong answers, those with the highest confidence first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:most]
