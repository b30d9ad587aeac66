"""Turns by quarters, which leave every pixel as it is."""

from __future__ import annotations

from keras_dl.lazy import tf

TURNS = 4


def turned(pictures: tf.Tensor, quarters: tf.Tensor) -> tf.Tensor:
    """`pictures` (batch, side, side, channels), each turned counterclockwise by its `quarters`, (batch,) of 0..3."""
    all_turns = tf.stack([tf.image.rot90(pictures, quarter) for quarter in range(TURNS)], axis=1)
    return tf.reduce_sum(all_turns * tf.one_hot(quarters, TURNS)[:, :, None, None, None], axis=1)
