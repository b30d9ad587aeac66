"""Learned vectors that say where in a sequence a token stands."""

import math

import keras
from keras import ops


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

    def memory(self, input_shape, batch: int, length: int) -> tuple:
        """Nothing of the tokens before is needed."""
        return ()

    def step(self, x, place, memory: tuple) -> tuple:
        """What `call` gives for the tokens `x`, (batch, n, width), from `place` on."""
        vectors = ops.slice(ops.convert_to_tensor(self.positions), (place, 0), x.shape[1:])
        return x + ops.cast(vectors, x.dtype), memory

    def resized(self, donor):
        """The vectors of `donor`, those of the first places where they are more than these."""
        return [donor.get_weights()[0][: self.positions.shape[0]]]

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
