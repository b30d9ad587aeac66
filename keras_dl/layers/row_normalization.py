"""Features as shares of their sum."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class RowNormalization(keras.layers.Layer):
    """Divides each vector (..., features) by the sum of its absolute values; one of zeros stays."""

    def call(self, inputs):
        total = ops.sum(ops.abs(inputs), axis=-1, keepdims=True)
        return inputs / ops.where(total > 0, total, ops.ones_like(total))

    def compute_output_shape(self, input_shape):
        return input_shape
