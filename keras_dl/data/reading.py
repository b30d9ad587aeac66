"""From the numbers of examples to tensors: what is small by TensorFlow itself, everything else by `Source.take`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np

from keras_dl.data.order import shuffled_tensor
from keras_dl.data.raised import remembering
from keras_dl.data.source import SMALL, Array, Source
from keras_dl.lazy import tf

LONG = 1_000_000
"""examples whose order is a list in memory; that of more is computed place by place"""
AT_ONCE = 4096
AHEAD = 2
"""batches that `Source.take` makes at the same time, and that wait"""


class Reader:
    """What makes a batch by column of the `indices` (batch,) int64 of its examples, within a program of TensorFlow.

    What `Source.take` raises comes out as it was within `keras_dl.data.raised.raised`.
    """

    def __init__(self, columns: Mapping[str, Source]):
        self._columns, self._tensors = columns, None
        in_arrays = all(isinstance(column, Array) for column in columns.values())
        if in_arrays and sum(_size(column.values) for column in columns.values()) <= SMALL:
            with tf.device("CPU"):
                self._tensors = {name: tf.constant(column.values) for name, column in columns.items()}

    def __call__(self, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        if self._tensors is not None:
            return {name: tf.gather(tensor, indices) for name, tensor in self._tensors.items()}
        stored = self._stored
        types = [tf.string if source.dtype == object else tf.as_dtype(source.dtype) for source in stored]
        found = tf.numpy_function(self._take, [indices], types, stateful=False)
        for tensor, source in zip(found, stored, strict=True):
            tensor.set_shape((indices.shape[0], *source.shape))
        columns = zip(self._columns.items(), found, strict=True)
        return {name: column.finished(tensor) for (name, column), tensor in columns}

    @functools.cached_property
    def _stored(self) -> list[Source]:
        return [column.stored() for column in self._columns.values()]

    @functools.cached_property
    def _take(self) -> Callable[[np.ndarray], list[np.ndarray]]:
        return remembering(lambda indices: [source.take(indices) for source in self._stored])

    def mapped(self, batches: tf.data.Dataset, function: Callable) -> tf.data.Dataset:
        """`batches` mapped by a `function` that calls this reader, some of them ahead."""
        at_once = tf.data.AUTOTUNE if self._tensors is not None else AHEAD
        return untuned(batches.map(function, num_parallel_calls=at_once, deterministic=True).prefetch(AHEAD))


def untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """`batches`, as parallel as they say at first.

    TensorFlow 2.21 may wait for ever at the end of an iterator that its thread of tuning has just begun to watch.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def _size(values: np.ndarray) -> int:
    return values.nbytes if values.dtype != object else sum(map(len, values.flat))


def ordered(count: int, key: tf.Tensor, start: tf.Tensor | int = 0) -> tf.data.Dataset:
    """The numbers below `count`, int64, shuffled by `key` (2,) int64, from the place `start` on."""
    if count > LONG:
        places = tf.data.Dataset.range(start, count).batch(AT_ONCE)
        return places.map(lambda places: shuffled_tensor(places, count, key)).unbatch()
    order = tf.random.experimental.stateless_shuffle(tf.range(count, dtype="int64"), key)
    return tf.data.Dataset.from_tensor_slices(order).skip(start)
