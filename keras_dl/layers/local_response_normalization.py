"""Inhibition between neighbouring maps."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides every value by (k + alpha * s) ** beta, s the sum of the squares in the `size` maps around its own.

    Takes and gives (batch, height, width, channels). The first and the last maps have fewer neighbours. Caffe and
    PyTorch divide `alpha` by `size`: theirs of 5e-4 is 1e-4 here.

    Krizhevsky, Sutskever & Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS,
    section 3.3; the defaults are the paper's.
    """

    def __init__(self, size: int = 5, *, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.k = k
        self.alpha = alpha
        self.beta = beta

    def call(self, x):
        wide = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
        maps = np.arange(x.shape[-1])
        apart = maps[:, None] - maps
        neighbours = (-((self.size - 1) // 2) <= apart) & (apart <= self.size // 2)
        total = ops.matmul(ops.square(wide), ops.cast(neighbours, wide.dtype))
        return ops.cast(wide * ops.power(self.k + self.alpha * total, -self.beta), x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "size": self.size, "k": self.k, "alpha": self.alpha, "beta": self.beta}
