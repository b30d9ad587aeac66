"""Keras's augmentation layers as functions of (pictures, seed): the same seed gives the same pictures.

The layers draw from a generator that keeps state, which a training that is interrupted would lose. Imported lazily,
since it needs Keras to define a class.
"""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf


class Draws(keras.random.SeedGenerator):
    """Every seed that one call of a layer asks for, from one `seed` (2,)."""

    def __init__(self, seed: tf.Tensor):
        self._seed, self._drawn = seed, 0

    def next(self, ordered=True):
        self._drawn += 1
        return tf.random.experimental.stateless_fold_in(self._seed, self._drawn)


@functools.cache
def _layer(name: str, arguments: tuple[tuple[str, Any], ...]) -> keras.layers.Layer:
    with tf.init_scope():  # a layer has variables, which must not belong to the graph of an input pipeline
        return getattr(keras.layers, name)(dtype="float32", data_format="channels_last", **dict(arguments))


def apply(name: str, pictures: tf.Tensor, seed: tf.Tensor, **arguments) -> tf.Tensor:
    """What `keras.layers`.`name`(**arguments) makes of `pictures` (batch, height, width, channels) while training."""
    layer = _layer(name, tuple(arguments.items()))
    change = drawn(name, pictures, seed, **arguments)
    return tf.ensure_shape(layer.transform_images(pictures, change, training=True), pictures.shape)


def drawn(name: str, pictures: tf.Tensor, seed: tf.Tensor, **arguments) -> dict[str, Any]:
    """What `apply` draws for these `pictures`, as the layer calls it."""
    layer = _layer(name, tuple(arguments.items()))
    layer.backend.set_backend("tensorflow")
    return layer.get_random_transformation(pictures, training=True, seed=Draws(seed))
