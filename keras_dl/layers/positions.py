"""Learned vectors that say where in a sequence a token stands."""

import math

import keras


@keras.saving.register_keras_serializable(package="keras_dl")
class Positions(keras.layers.Layer):
    """Adds to each token of a sequence the learned vector of its place.

    Takes and gives (batch, length, width); the weight is `positions`, (length, width).

    Gehring, Auli, Grangier, Yarats & Dauphin 2017, "Convolutional Sequence to Sequence Learning", ICML, section 3.1.
    """

    def __init__(self, initializer="uniform", **kwargs):
        super().__init__(**kwargs)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.positions = self.add_weight(shape=input_shape[1:], initializer=self.initializer, name="positions")

    def call(self, x):
        return x + self.positions

    def compute_output_shape(self, input_shape):
        return input_shape

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: none."""
        return 0

    def links(self, output_shape) -> int:
        """Connections for one input: every number of the vectors is added once."""
        return math.prod(output_shape)

    def get_config(self):
        return {**super().get_config(), "initializer": keras.initializers.serialize(self.initializer)}
