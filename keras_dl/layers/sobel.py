"""Sobel's filters of a picture without its colours."""

import keras
import numpy as np
from keras import ops

ACROSS = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], "float32")


@keras.saving.register_keras_serializable(package="keras_dl")
class Sobel2D(keras.layers.Layer):
    """How much brighter it gets to the left and upwards, where brightness is the mean of the channels.

    Takes (batch, height, width, channels), gives (batch, height, width, 2); around the picture are zeros. Nothing of it
    learns. Caron et al. 2018, "Deep Clustering for Unsupervised Learning of Visual Features", ECCV, section 4.
    """

    def call(self, x):
        kernel = ops.convert_to_tensor(np.stack([ACROSS, ACROSS.T], axis=-1)[:, :, None], x.dtype)
        return ops.conv(ops.mean(x, axis=-1, keepdims=True), kernel, padding="same")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], 2)

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input by a weight that learns: none."""
        return 0

    def links(self, output_shape) -> int:
        """Connections for one input: none has such a weight."""
        return 0
