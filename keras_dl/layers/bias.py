"""A number for each feature that is added to it."""

import math

import keras


@keras.saving.register_keras_serializable(package="keras_dl")
class Bias(keras.layers.Layer):
    """Adds a learned number to each feature, 0 at first: what a dense layer adds, where the kernel is of another layer.

    Takes and gives (batch, ..., features); the weight is `bias`, (features,).
    """

    def build(self, input_shape):
        self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="bias")

    def call(self, x):
        return x + self.bias

    def compute_output_shape(self, input_shape):
        return input_shape

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: none."""
        return 0

    def links(self, output_shape) -> int:
        """Connections for one input: every number of the output has one."""
        return math.prod(output_shape)
