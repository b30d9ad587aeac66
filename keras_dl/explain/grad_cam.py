"""Grad-CAM: where on a map the network found what speaks for the class.

Selvaraju, Cogswell, Das, Vedantam, Parikh & Batra, "Grad-CAM: visual explanations from deep networks via gradient-based
localization", ICCV 2017, section 3. Where a network ends in the average of a map and a dense layer, it is the class
activation map of Zhou et al. 2016 (CVPR), up to a factor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_dl.errors import UsageError, choose
from keras_dl.explain.network import ask
from keras_dl.lazy import keras, tf
from keras_dl.surgery import feature_stages, features, stage_of


def grad_cam(
    model: keras.Model, pictures: np.ndarray, classes: Sequence[int], *, stage: str | None = None
) -> np.ndarray:
    """What in the map at the end of `stage` speaks for the class, (batch, height, width), at least 0.

    Each channel is weighted by the mean of the logit's gradient over its cells; the sum is rectified and stretched
    bilinearly to the size of the pictures. `stage` is by default the last whose map has several cells that the logit
    depends on: for a transformer the last but one, since its head reads the class token alone.

    Raises `UsageError` for a network or a stage without such a map, and for inputs or classes that do not fit.
    """
    question = ask(model, pictures, classes)
    ends = {stage_of(layer): layer.output for layer in question.network.layers}
    usable = [name for name in feature_stages(model) if _cells(model, name) != (1, 1)]
    if usable and len(ends[usable[-1]].shape) == 3:
        usable.pop()
    if not usable:
        raise UsageError(f"{model.name} has no map of several cells that its output depends on; use a gradient method")
    stage = usable[-1] if stage is None else choose("stage", stage, usable)
    both = keras.Model(question.network.input, [ends[stage], question.network.output])
    with tf.GradientTape() as tape:
        tape.watch(question.x)
        values, outputs = both(question.x, training=False)
        logit = tf.reduce_sum(question.chosen(outputs))
    values, slopes = (_as_map(tensor, _cells(model, stage)) for tensor in (values, tape.gradient(logit, values)))
    weights = tf.reduce_mean(slopes, axis=(1, 2), keepdims=True)
    cells = tf.nn.relu(tf.reduce_sum(weights * values, axis=-1, keepdims=True))
    return tf.image.resize(cells, question.x.shape[1:3])[..., 0].numpy()


def _cells(model: keras.Model, stage: str) -> tuple[int, int]:
    """Rows and columns of the map of `stage`."""
    return tuple(features(model).output[stage].shape[1:3])


def _as_map(tensor: tf.Tensor, cells: tuple[int, int]) -> tf.Tensor:
    """(batch, rows, columns, channels) of such a map, or of the last tokens, one a cell."""
    if len(tensor.shape) == 4:
        return tensor
    return tf.reshape(tensor[:, -cells[0] * cells[1] :], (len(tensor), *cells, -1))
