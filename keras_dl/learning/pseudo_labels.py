"""Pseudo-labels: a network's own answers for examples without labels, learned as if they were right.

Lee, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks", ICML 2013
Workshop on Challenges in Representation Learning, equations 14 to 16.
"""

from __future__ import annotations

from collections.abc import Callable

from keras_dl.lazy import keras

UNLABELLED = -1
"""the label of an example that has none"""


def ramp(step, *, start: float, end: float, final: float):
    """The weight of the examples without labels at `step`: 0 up to `start`, `final` from `end` on, linear between."""
    share = (keras.ops.cast(step, "float32") - start) / (end - start)
    return final * keras.ops.clip(share, 0.0, 1.0)


def pseudo_label_loss(weight: Callable) -> Callable:
    """The loss of a batch with and without labels: a function of (labels (batch,), logits (batch, classes)).

    It is the mean cross-entropy of the labelled examples plus `weight()` times that of the others, whose label is the
    class with the largest logit at this step. It comes as (batch,) numbers with that mean, as Keras wants it. A batch
    needs examples of both kinds.
    """

    def loss(labels, logits):
        ops = keras.ops
        labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
        known = labels != UNLABELLED
        targets = ops.where(known, labels, ops.cast(ops.argmax(logits, axis=-1), "int32"))
        losses = keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)
        known = ops.cast(known, losses.dtype)
        return losses * (known / ops.mean(known) + weight() * (1 - known) / ops.mean(1 - known))

    return loss
