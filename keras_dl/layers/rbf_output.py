"""Outputs that measure the distance to fixed codes."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class RBFOutput(keras.layers.Layer):
    """Minus the squared Euclidean distance to one fixed code a class, so that the nearest code has the highest output.

    Takes (batch, features), gives (batch, classes). `codes` are `classes` rows of `features` numbers, kept as a weight
    that is not trained.

    LeCun et al. 1998, Proc. IEEE 86(11), eq. 7; the sign is turned here, so that the outputs serve as logits.
    """

    def __init__(self, codes, **kwargs):
        super().__init__(**kwargs)
        self.codes_value = tuple(tuple(float(value) for value in row) for row in codes)

    def build(self, input_shape):
        shape = (len(self.codes_value), len(self.codes_value[0]))
        if input_shape[-1] != shape[1]:
            raise ValueError(f"{self.name}: codes have {shape[1]} features, the input has {input_shape[-1]}")

        def initialize(shape, dtype=None):
            return ops.convert_to_tensor(self.codes_value, dtype)

        self.codes = self.add_weight(shape=shape, initializer=initialize, trainable=False, name="codes")

    def call(self, x):
        return -ops.sum(ops.square(ops.expand_dims(x, 1) - self.codes), axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.codes_value))

    def multiply_adds(self, output_shape) -> int:
        """Squares for one input."""
        return math.prod(self.codes.shape)

    def links(self, output_shape) -> int:
        """Connections: every class to every feature."""
        return math.prod(self.codes.shape)

    def get_config(self):
        return {**super().get_config(), "codes": self.codes_value}
