"""Subsampling with a trainable gain and bias for each map."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class TrainableSubsampling2D(keras.layers.Layer):
    """Sums squares of 2x2 units, multiplies by the map's gain, adds the map's bias, then applies the activation.

    Takes (batch, height, width, channels), gives (batch, height // 2, width // 2, channels). The gains start at 1/4,
    which makes the sum an average, the biases at 0.

    LeCun et al. 1998, Proc. IEEE 86(11), section II-B (layers S2 and S4).
    """

    def __init__(self, *, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.gain = self.add_weight(
            shape=(input_shape[-1],), initializer=keras.initializers.Constant(0.25), name="gain"
        )
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, x):
        sums = 4 * ops.average_pool(x, 2, 2, padding="valid", data_format="channels_last")
        return self.activation(sums * self.gain + self.bias)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height // 2, width // 2, channels)

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: one a unit, after the sum."""
        return math.prod(output_shape)

    def links(self, output_shape) -> int:
        """Connections: four inputs and a bias a unit."""
        return 5 * math.prod(output_shape)

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}
