"""Sensitivity: how the logit changes with each pixel.

Simonyan, Vedaldi & Zisserman, "Deep inside convolutional networks: visualising image classification models and saliency
maps", ICLR workshop 2014; gradient x input: Shrikumar, Greenside & Kundaje 2017, ICML, who compare with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_dl.explain.network import Question, ask, normalized
from keras_dl.lazy import keras, tf


def gradient(model: keras.Model, pictures: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """d logit / d normalised pixel, (batch, ...). Raises `UsageError` for inputs or classes that do not fit."""
    return _gradient(ask(model, pictures, classes))[0].numpy()


def squared_gradient(model: keras.Model, pictures: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """The square of `gradient`: how sensitive the logit is to a pixel, whichever way. Errors as there."""
    return gradient(model, pictures, classes) ** 2


def gradient_x_input(model: keras.Model, pictures: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """`gradient` times the normalised pixels: in a linear network without biases the parts of the logit.

    Errors as for `gradient`.
    """
    slope, values = _gradient(ask(model, pictures, classes))
    return (slope * values).numpy()


def _gradient(question: Question) -> tuple[tf.Tensor, tf.Tensor]:
    """The gradient by the normalised pixels, and these."""
    with tf.GradientTape() as tape:
        tape.watch(question.x)
        logit = tf.reduce_sum(question.chosen(question.network(question.x, training=False)))
    values, scale = normalized(question.network, question.x)
    return tape.gradient(logit, question.x) / scale, values
