"""A dense layer that bounds the weight vector into each unit, and learns through the bound."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class BoundedDense(keras.layers.Dense):
    """A dense layer that computes with w min(1, max_norm / |w|) in place of the weight vector w into a unit.

    Takes (batch, ..., inputs), gives (batch, ..., units). The gradient goes through the shortening: where a vector is
    too long, its length has none. This is a reparametrisation, as weight normalisation is (Salimans & Kingma 2016);
    `keras.constraints.MaxNorm` shortens the weights themselves after each step instead (Srivastava et al. 2014).
    """

    def __init__(self, units: int, max_norm: float, **kwargs):
        super().__init__(units, **kwargs)
        if not max_norm > 0:
            raise ValueError(f"max_norm must be above 0, got {max_norm}")
        self.max_norm = max_norm

    def call(self, inputs, training=None):
        squares = ops.sum(ops.square(self.kernel), axis=0, keepdims=True)
        kernel = self.kernel * self.max_norm * ops.rsqrt(ops.maximum(squares, self.max_norm**2))
        outputs = ops.matmul(inputs, kernel)
        return self.activation(outputs + self.bias if self.use_bias else outputs)

    def get_config(self):
        return {**super().get_config(), "max_norm": self.max_norm}
