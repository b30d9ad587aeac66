"""Waves of many lengths that say where in a sequence a token stands."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class Sinusoids(keras.layers.Layer):
    """Adds to each token, times the root of its width, the sine and cosine of its place at many frequencies.

    Takes and gives (batch, length, width), `width` even; number 2i of a place p has sin(p / 10000^(2i / width)), number
    2i + 1 the cosine.

    Vaswani et al. 2017, "Attention Is All You Need", NIPS, sections 3.4 and 3.5.
    """

    def build(self, input_shape):
        self.length = input_shape[1]

    def call(self, x):
        return x * x.shape[2] ** 0.5 + waves(*x.shape[1:], x.dtype)

    def memory(self, input_shape, batch: int, length: int) -> tuple:
        """Nothing of the tokens before is needed."""
        return ()

    def step(self, x, place, memory: tuple) -> tuple:
        """What `call` gives for the tokens `x`, (batch, n, width), from `place` on."""
        _, count, width = x.shape
        return x * width**0.5 + ops.slice(waves(self.length, width, x.dtype), (place, 0), (count, width)), memory

    def compute_output_shape(self, input_shape):
        return input_shape

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input by a weight: none."""
        return 0

    def links(self, output_shape) -> int:
        """Connections for one input: none has a weight."""
        return 0


def waves(length: int, width: int, dtype) -> np.ndarray:
    """Of each place a sine and a cosine for every second number, (length, width)."""
    angles = np.arange(length)[:, None] * 10000.0 ** (-np.arange(0, width, 2) / width)
    found = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, width)
    return found.astype("float32").astype(keras.backend.standardize_dtype(dtype))
