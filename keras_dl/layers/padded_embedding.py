"""An embedding whose pad is no token."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class PaddedEmbedding(keras.layers.Embedding):
    """An embedding in which id 0, the pad, is the zero vector and stays it.

    Takes whole numbers (batch, length), gives (batch, length, width). The first row of the table is never used.
    """

    def call(self, inputs):
        there = ops.expand_dims(ops.not_equal(inputs, 0), -1)
        return ops.where(there, super().call(inputs), 0)
