"""Masking noise: inputs of which some numbers are 0, for networks that learn to tell them."""

from __future__ import annotations

from keras_dl.lazy import tf


def corrupted(x: tf.Tensor, share: float, key: tf.Tensor | None) -> tf.Tensor:
    """`x` (batch, ...) float32 with about `share` of the numbers set to 0 (Vincent et al. 2010, section 3.3).

    The stateless seed `key` (2,) decides which; without one an example decides it by itself, so that they are the same
    whenever and in whatever company it is looked at.
    """
    x = tf.cast(x, "float32")
    if key is not None:
        kept = tf.random.stateless_uniform(tf.shape(x), key) >= share
    else:
        sums = tf.reduce_sum(tf.cast(x, "float64"), axis=tuple(range(1, x.shape.rank)))
        numbers = tf.bitcast(sums, "int64")
        kept = tf.map_fn(
            lambda number: tf.random.stateless_uniform(x.shape[1:], tf.stack([number, 0])) >= share,
            numbers,
            fn_output_signature="bool",
        )
    return tf.where(kept, x, 0.0)
