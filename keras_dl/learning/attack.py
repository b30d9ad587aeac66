"""Attacks on a classifier: changes to its inputs, small for the eye, that make it wrong.

Szegedy et al., "Intriguing properties of neural networks", ICLR 2014; Goodfellow, Shlens & Szegedy, "Explaining and
harnessing adversarial examples", ICLR 2015 (FGSM); Madry, Makelov, Schmidt, Tsipras & Vladu, "Towards deep learning
models resistant to adversarial attacks", ICLR 2018 (PGD). The task `adversarial_training` learns from what they make.

All take a `model` that returns logits, (batch, classes) with at least 2 classes, and pixels with values 0..255 of any
shape, (batch, ...); `epsilon` is the largest change of a pixel, in the same units. They need Keras on TensorFlow, and
run as they are or inside `tf.function`.
"""

from __future__ import annotations

import math

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf

DARKEST, BRIGHTEST = 0.0, 255.0


def fgsm(model: keras.Model, x: tf.Tensor, labels: tf.Tensor, epsilon: float) -> tf.Tensor:
    """`x` after one step of size `epsilon` along the sign of the loss's gradient: the fast gradient sign method.

    `labels` are whole numbers (batch,). Returns pixels of the shape of `x`, at most `epsilon` from `x`, in 0..255.
    Raises `UsageError` for a model without logits of two classes, and for an epsilon below 0.
    """
    _check(model, epsilon)
    x = tf.cast(x, "float32")
    return _ascend(model, x, labels, epsilon, around=x, epsilon=epsilon)


def pgd(
    model: keras.Model,
    x: tf.Tensor,
    labels: tf.Tensor,
    epsilon: float,
    *,
    steps: int = 20,
    step_size: float | None = None,
    seed: tf.Tensor | tuple[int, int] = (0, 0),
) -> tf.Tensor:
    """`x` after `steps` steps of projected gradient ascent on the loss, from a random start within `epsilon`.

    Each step moves by `step_size` (default 2.5 epsilon / steps) along the sign of the gradient and then projects onto
    the pixels within `epsilon` of `x` and onto 0..255. The gradient is the one at the projected point: one that is
    taken through a clip() in the loss is zero where a pixel is already black or white, and the attack gets weaker
    than a single step. `seed`, (2,) whole numbers, decides the start. Arguments, result and errors as for `fgsm`.
    """
    _check(model, epsilon)
    if steps < 1:
        raise UsageError(f"steps must be at least 1, got {steps}")
    x = tf.cast(x, "float32")
    step_size = 2.5 * epsilon / steps if step_size is None else step_size
    start = x + epsilon * tf.random.stateless_uniform(tf.shape(x), seed, -1, 1)

    def climb(step, current):
        return step + 1, _ascend(model, current, labels, step_size, around=x, epsilon=epsilon)

    return tf.while_loop(lambda step, _: step < steps, climb, (0, tf.clip_by_value(start, DARKEST, BRIGHTEST)))[1]


def _ascend(model, current, labels, step_size, *, around, epsilon):
    """`current` one step further, projected onto the pixels within `epsilon` of `around`."""
    with tf.GradientTape() as tape:
        tape.watch(current)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(current, training=False))
    moved = current + step_size * tf.sign(tape.gradient(loss, current))
    moved = tf.clip_by_value(moved, around - epsilon, around + epsilon)
    return tf.clip_by_value(moved, DARKEST, BRIGHTEST)


def _check(model: keras.Model, epsilon: float) -> None:
    if len(model.output_shape) != 2 or model.output_shape[1] < 2:
        raise UsageError(f"an attack needs logits of at least 2 classes, {model.name} gives {model.output_shape}")
    if not 0 <= epsilon < math.inf:
        raise UsageError(f"epsilon must be at least 0 and finite, in pixel values, got {epsilon}")
