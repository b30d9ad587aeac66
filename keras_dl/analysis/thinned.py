"""A network with dropout against the thinned networks that it stands for.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014, section 7.5;
Baldi & Sadowski, "Understanding Dropout", NIPS 2013.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.special import log_softmax, softmax

from keras_dl.lazy import keras


def off_geometric_mean(model: keras.Model, x: np.ndarray, keep: float) -> float:
    """The largest difference of a probability between `model` and the geometric mean of all its thinned networks.

    `model` is a perceptron of one hidden layer of few units, each of which a thinned network has with the probability
    `keep`; `x` are inputs (n, *shape).
    """
    hidden = keras.Model(model.input, model.get_layer("stage1_activation").output)(x, training=False).numpy()
    kernel, bias = (variable.numpy().astype("float64") for variable in model.get_layer("head").weights)
    masks = np.array(list(itertools.product((0, 1), repeat=hidden.shape[1])))
    thinned = (masks[:, None] * hidden) @ (kernel / keep) + bias
    geometric = softmax(log_softmax(thinned, axis=2).mean(axis=0), axis=1)
    return float(np.abs(geometric - softmax(hidden @ kernel + bias, axis=1)).max())


def against_mean(model: keras.Model, x: np.ndarray, y: np.ndarray, count: int = 200) -> dict[str, float]:
    """`model` against the mean of `count` thinned networks, for inputs `x` (n, *shape) of the classes `y` (n,).

    "errs_more" says how much more often it errs, in points, "off_mean" the total variation between their probabilities.
    """
    whole = softmax(model(x, training=False).numpy(), axis=1)
    mean = np.mean([softmax(model(x, training=True).numpy(), axis=1) for _ in range(count)], axis=0)
    wrong, wrong_mean = (100 * np.mean(found.argmax(axis=1) != y) for found in (whole, mean))
    return {"errs_more": float(wrong - wrong_mean), "off_mean": float(0.5 * np.abs(mean - whole).sum(axis=1).mean())}
