"""How far two vectors are apart in each of their numbers."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class AbsoluteDifference(keras.layers.Layer):
    """The absolute difference of two tensors of one shape, number by number."""

    def call(self, first, second):
        return ops.abs(first - second)

    def compute_output_shape(self, first_shape, second_shape):
        return first_shape
