"""How well words go with the words around them."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class WordScores(keras.layers.Layer):
    """The products of the mean vector of some words with the vectors of others.

    Takes [`token_ids` (batch, words), 0 where there is none; their vectors (batch, words, width); vectors of targets
    (batch, targets, width)], gives (batch, targets). The mean of no words is 0.
    """

    def call(self, inputs):
        token_ids, vectors, targets = inputs
        there = ops.cast(ops.not_equal(token_ids, 0), vectors.dtype)
        count = ops.maximum(ops.sum(there, axis=1, keepdims=True), 1)
        mean = ops.sum(vectors * ops.expand_dims(there, -1), axis=1) / count
        return ops.squeeze(ops.matmul(targets, ops.expand_dims(mean, -1)), -1)

    def compute_output_shape(self, input_shape):
        return input_shape[2][:2]

    def build(self, input_shape):
        self.width = input_shape[2][-1]

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: a product for each number of each target."""
        return output_shape[0] * self.width

    def links(self, output_shape) -> int:
        """Connections of weights for one input: none."""
        return 0
