"""Probabilities of classes, from the outputs of a classifier of any kind."""

from __future__ import annotations

from typing import Literal

import numpy as np


def probabilities(outputs: np.ndarray, activation: Literal["softmax", "sigmoid", "tanh"] | None) -> np.ndarray:
    """Those of the classes, (n, classes) float64, for `outputs` (n, classes) of `activation`, None for logits.

    One output tells two classes. Sigmoid and tanh outputs that were trained towards one-hot targets become shares of
    their sum.
    """
    outputs = outputs.astype("float64")
    if outputs.shape[-1] == 1:
        yes = 1 / (1 + np.exp(-outputs)) if activation is None else outputs
        return np.concatenate([1 - yes, yes], axis=-1)
    if activation is None:
        outputs = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    elif activation == "tanh":
        outputs = (outputs + 1) / 2
    outputs = outputs.clip(1e-12)
    return outputs / outputs.sum(axis=-1, keepdims=True)
