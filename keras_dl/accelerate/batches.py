"""Batches of one size only, for programs that are compiled for a size and devices that share a batch evenly."""

from __future__ import annotations

from keras_dl.data.split import Split
from keras_dl.lazy import tf


def refilled(batches: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """`batches` of (x, y); one that is smaller than `batch_size` gets its own examples over again, in their order."""

    def refill(x, y):
        again = tf.range(batch_size) % tf.shape(x)[0]
        return _sized(tf.gather(x, again), batch_size), _sized(tf.gather(y, again), batch_size)

    return batches.map(refill, num_parallel_calls=tf.data.AUTOTUNE)


def weighted(split: Split, batch_size: int) -> tf.data.Dataset:
    """All examples of `split` in order as (x, y, weights), the last batch refilled with examples of weight 0.

    `weights` float32 have the shape of y. Those of examples are equal, and their sum is the number of examples that
    come out, the refilled among them; so the means that Keras makes over the batches are those of the examples.
    """
    count = len(split)
    steps = -(-count // batch_size)

    def weigh(number, examples):
        x, y = examples
        real = number * batch_size + tf.range(batch_size, dtype="int64") < count
        weights = tf.where(real, steps * batch_size / count, 0.0)
        weights = tf.reshape(weights, (batch_size, *[1] * (len(y.shape) - 1)))
        return x, y, tf.broadcast_to(weights, y.shape)

    batches = refilled(split.batches(batch_size), batch_size).enumerate().map(weigh)
    return batches.prefetch(tf.data.AUTOTUNE)


def _sized(values: tf.Tensor, batch_size: int) -> tf.Tensor:
    return tf.ensure_shape(values, (batch_size, *values.shape[1:]))
