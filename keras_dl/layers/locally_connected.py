"""Local receptive fields without weight sharing."""

import math

import keras
import numpy as np
from keras import ops

from keras_dl.layers.receptive_fields import ReceptiveFields2D


@keras.saving.register_keras_serializable(package="keras_dl")
class LocallyConnected2D(ReceptiveFields2D):
    """A convolution whose kernel and bias belong to one unit: every position of every map has its own.

    Takes (batch, height, width, channels) of a fixed size, gives (batch, rows, columns, filters); the arguments are
    those of `ReceptiveFields2D`. The kernel is (rows, columns, filters, kernel_size^2 * channels), the bias
    (rows, columns, filters). Initialisers that scale by the fan-in see a unit's own field.

    LeCun 1989, "Generalization and Network Design Strategies"; Taigman et al. 2014, "DeepFace", CVPR.
    """

    def build(self, input_shape):
        units = self.compute_output_shape(input_shape)[1:]
        fan_in = self.kernel_size**2 * input_shape[-1]

        def initialize(shape, dtype=None):
            by_fan_in = self.kernel_initializer((fan_in, math.prod(units)), dtype)
            return ops.reshape(ops.transpose(by_fan_in), shape)

        self.kernel = self.add_weight(shape=(*units, fan_in), initializer=initialize, name="kernel")
        self.bias = self.add_weight(shape=units, initializer=self.bias_initializer, name="bias")

    def call(self, x):
        x = self.padded(x)
        _, height, width, channels = x.shape
        # Whole pixels of all images are gathered at once: with the images last these are long contiguous blocks.
        by_pixel = ops.reshape(ops.transpose(x, (1, 2, 3, 0)), (height * width, channels, -1))
        fields = ops.take(by_pixel, self._fields(width), axis=0)
        fields = ops.reshape(fields, (*self.kernel.shape[:2], self.kernel.shape[3], -1))
        sums = ops.transpose(ops.matmul(self.kernel, fields), (3, 0, 1, 2))
        return self.activation(sums + self.bias)

    def _fields(self, width: int):
        """The pixels of each field, numbered row by row in a picture of `width`: (rows, columns, kernel_size^2)."""
        rows, columns = self.bias.shape[:2]
        corners = self.strides * (np.arange(rows)[:, None] * width + np.arange(columns))
        offsets = np.arange(self.kernel_size)[:, None] * width + np.arange(self.kernel_size)
        return corners[:, :, None] + offsets.ravel()

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input."""
        return math.prod(self.kernel.shape)

    def links(self, output_shape) -> int:
        """Connections, those to the background and the biases included."""
        return math.prod(self.kernel.shape) + math.prod(self.bias.shape)
