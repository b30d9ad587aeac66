"""The order of the examples in a training of so many steps."""

from __future__ import annotations

import numpy as np

from keras_dl.lazy import tf


def random_order(examples: int, steps: int, batch_size: int, generator: np.random.Generator) -> np.ndarray:
    """Indices below `examples`, (steps, batch_size): one shuffled epoch after another, cut into full batches."""
    epochs = -(-steps * batch_size // examples)
    order = generator.permuted(np.tile(np.arange(examples), (epochs, 1)), axis=1)
    return order.reshape(-1)[: steps * batch_size].reshape(steps, batch_size)


def batches_of(order: np.ndarray, *arrays: np.ndarray) -> tf.data.Dataset:
    """Of each of `arrays` (n, ...) the examples at the indices in a row of `order` (steps, batch), row after row."""
    tables = [tf.constant(array) for array in arrays]
    rows = tf.data.Dataset.from_tensor_slices(order)
    return rows.map(lambda places: tuple(tf.gather(table, places) for table in tables))
