"""Weights drawn anew, by the names of the lectures."""

from __future__ import annotations

import math
from typing import Literal

from keras_dl.lazy import keras
from keras_dl.learning.kernels import kernels

Scheme = Literal["zeros", "constant", "small", "large", "xavier", "he"]


def initialize(model: keras.Model, scheme: Scheme, seed: int) -> None:
    """Draw every kernel of `model` anew, by `seed` alone; biases and all other weights stay as they are.

    With n weights into a unit: zeros; constant, 0.1 everywhere; small, N(0, 0.01^2); large, N(0, 1); xavier,
    N(0, 1/n), as the lectures and Caffe have it, where Glorot & Bengio 2010 take 2/(n + m) with m weights out of a
    unit; he, N(0, 2/n), the standard deviation sqrt(2/n) of He et al. 2015, section 2.2. A lecture writes 2/sqrt(n)
    for it, which is sqrt(2) too much in every layer.
    """
    generator = keras.random.SeedGenerator(seed)
    for kernel, incoming in kernels(model):
        n = math.prod(kernel.shape[axis] for axis in incoming)
        if scheme in ("zeros", "constant"):
            kernel.assign(keras.ops.full(kernel.shape, 0.0 if scheme == "zeros" else 0.1, kernel.dtype))
        else:
            deviation = {"small": 0.01, "large": 1.0, "xavier": n**-0.5, "he": (2 / n) ** 0.5}[scheme]
            kernel.assign(keras.random.normal(kernel.shape, stddev=deviation, dtype=kernel.dtype, seed=generator))
