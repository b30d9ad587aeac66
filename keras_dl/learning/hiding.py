"""Patches of pictures that are hidden from a network.

He, Chen, Xie, Li, Dollar & Girshick, "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022, section 3: patches
do not overlap, and in each picture the same share of them is drawn without replacement, all with equal chance.
"""

from __future__ import annotations

from keras_dl.lazy import keras, tf


def noise(pictures: tf.Tensor, count: int, key: tf.Tensor | None) -> tf.Tensor:
    """`count` numbers 0..1 for each of `pictures` (batch, height, width, channels), (batch, count) float32.

    The stateless seed `key` (2,) decides which; without one a picture decides it by itself, so that they are the same
    whenever and in whatever company it is looked at.
    """
    if key is not None:
        return tf.random.stateless_uniform((tf.shape(pictures)[0], count), key)
    sums = tf.cast(tf.reduce_sum(tf.cast(pictures, "float64"), axis=(1, 2, 3)), "int64")

    def of_picture(number):
        return tf.random.stateless_uniform((count,), tf.stack([number, 0]))

    return tf.map_fn(of_picture, sums, fn_output_signature="float32")


def hidden(pictures: tf.Tensor, patch: int, count: int, key: tf.Tensor | None) -> tf.Tensor:
    """Where `count` patches of each of `pictures` (batch, height, width, channels) are hidden, (batch, .., .., 1) bool.

    Sides are multiples of `patch`. `key` decides which, as in `noise`.
    """
    rows, columns = (side // patch for side in pictures.shape[1:3])
    ranks = tf.argsort(tf.argsort(noise(pictures, rows * columns, key), axis=1), axis=1)
    cells = tf.reshape(ranks < count, (-1, rows, columns, 1))
    return tf.repeat(tf.repeat(cells, patch, axis=1), patch, axis=2)


def filled(pictures, hidden):
    """`pictures` (batch, height, width, channels) with the mean of the rest where `hidden` is 1; elsewhere it is 0."""
    ops = keras.ops
    seen = 1 - hidden
    mean = ops.sum(seen * pictures, axis=(1, 2), keepdims=True) / ops.sum(seen, axis=(1, 2), keepdims=True)
    return seen * pictures + hidden * mean


def patches_of(pictures, patch: int):
    """The patches of `pictures` (batch, height, width, channels), row by row: (batch, patches, numbers)."""
    ops = keras.ops
    _, height, width, channels = pictures.shape
    cells = ops.reshape(pictures, (-1, height // patch, patch, width // patch, patch, channels))
    cells = ops.transpose(cells, (0, 1, 3, 2, 4, 5))
    return ops.reshape(cells, (-1, height * width // patch**2, patch**2 * channels))


def pictures_of(patches, patch: int, shape: tuple[int, int, int]):
    """The pictures of `shape`, (height, width, channels), that `patches_of` has made `patches` of."""
    ops, (height, width, channels) = keras.ops, shape
    cells = ops.reshape(patches, (-1, height // patch, width // patch, patch, patch, channels))
    return ops.reshape(ops.transpose(cells, (0, 1, 3, 2, 4, 5)), (-1, *shape))


def mean_and_deviation(patches):
    """Of each of `patches` (batch, patches, numbers) the mean and a sample's deviation, (batch, patches, 1) both."""
    ops = keras.ops
    mean = ops.mean(patches, axis=-1, keepdims=True)
    variance = ops.sum(ops.square(patches - mean), axis=-1, keepdims=True) / (patches.shape[-1] - 1)
    return mean, ops.sqrt(variance + 1e-6)


def error(pictures, guesses, hidden):
    """The mean squared error of `guesses` where `hidden` is 1, a number for each picture, pixels as 0..1: (batch,).

    `pictures` and `guesses` are (batch, height, width, channels), pixels 0..255, `hidden` (batch, height, width, 1).
    """
    ops = keras.ops
    squares = ops.mean(ops.square((guesses - pictures) / 255), axis=-1, keepdims=True)
    return ops.sum(hidden * squares, axis=(1, 2, 3)) / ops.sum(hidden, axis=(1, 2, 3))
