"""Batches of one size only, for programs that are compiled for a size and devices that share a batch evenly."""

from __future__ import annotations

from keras_dl.data.reading import AHEAD
from keras_dl.data.split import Arrange, Split
from keras_dl.lazy import keras, tf


def refilled(batches: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """`batches` of (x, y) or (x, y, weights); one smaller than `batch_size` gets its own examples over, in order."""

    def refill(*parts):
        again = tf.range(batch_size) % _size(parts)
        return keras.tree.map_structure(lambda values: _sized(tf.gather(values, again), batch_size), parts)

    return batches.map(refill, num_parallel_calls=tf.data.AUTOTUNE)


def weighted(split: Split, batch_size: int, arrange: Arrange | None = None) -> tf.data.Dataset:
    """All examples of `split` in order as (x, y, weights), the last batch refilled with examples of weight 0.

    `weights` float32 have the shape of y, and are those of `arrange` where it gives any, times a factor. The factors of
    examples are equal, and their sum is the number of examples that come out, the refilled among them; so the means
    that Keras makes over the batches are those of the examples.
    """
    count = len(split)
    steps = -(-count // batch_size)

    def weigh(number, parts):
        x, y, given = parts if len(parts) == 3 else (*parts, None)
        real = number * batch_size + tf.range(batch_size, dtype="int64") < count
        factors = tf.where(real, steps * batch_size / count, 0.0)

        def weights(values, theirs=None):
            shaped = tf.reshape(factors, (batch_size, *[1] * (len(values.shape) - 1)))
            return tf.broadcast_to(shaped, values.shape) if theirs is None else shaped * tf.cast(theirs, "float32")

        return x, y, keras.tree.map_structure(weights, *([y] if given is None else [given, given]))

    batches = refilled(split.batches(batch_size, arrange), batch_size).enumerate().map(weigh)
    return batches.prefetch(AHEAD)


def _size(parts: tuple) -> tf.Tensor:
    return tf.shape(keras.tree.flatten(parts)[0])[0]


def _sized(values: tf.Tensor, batch_size: int) -> tf.Tensor:
    return tf.ensure_shape(values, (batch_size, *values.shape[1:]))
