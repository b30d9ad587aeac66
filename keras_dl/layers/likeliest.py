"""The likeliest of several codes, all others left out."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class Likeliest(keras.layers.Layer):
    """(..., codes) logits -> the same shape, 1 for the largest and 0 for all others. It has no gradient."""

    def call(self, x):
        return ops.one_hot(ops.argmax(x, axis=-1), x.shape[-1], dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
