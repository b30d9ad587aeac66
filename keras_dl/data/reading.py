"""From the numbers of examples to tensors: what is small by TensorFlow itself, everything else by `Source.take`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from keras_dl.data.source import Array, Source
from keras_dl.lazy import tf

SMALL = 64 * 2**20
"""bytes of arrays that TensorFlow gets copies of, three to four of them; it reads small examples twice as fast so"""


def reader(columns: Mapping[str, Source]) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """What makes a batch by column of the `indices` (batch,) int64 of its examples, within a program of TensorFlow."""
    arrays = [column.values for column in columns.values() if isinstance(column, Array)]
    if len(arrays) == len(columns) and sum(array.nbytes for array in arrays) <= SMALL:
        with tf.device("CPU"):
            tensors = dict(zip(columns, map(tf.constant, arrays), strict=True))
        return lambda indices: {name: tf.gather(tensor, indices) for name, tensor in tensors.items()}
    types = [tf.string if column.dtype == object else tf.as_dtype(column.dtype) for column in columns.values()]

    def take(indices: np.ndarray) -> list[np.ndarray]:
        return [column.take(indices) for column in columns.values()]

    def read(indices):
        found = tf.numpy_function(take, [indices], types, stateful=False)
        for tensor, column in zip(found, columns.values(), strict=True):
            tensor.set_shape((indices.shape[0], *column.shape))
        return dict(zip(columns, found, strict=True))

    return read


def ordered(count: int, key: tf.Tensor, start: tf.Tensor | int = 0) -> tf.data.Dataset:
    """The numbers below `count`, int64, shuffled by `key` (2,) int64, from the place `start` on."""
    order = tf.random.experimental.stateless_shuffle(tf.range(count, dtype="int64"), key)
    return tf.data.Dataset.from_tensor_slices(order).skip(start)
