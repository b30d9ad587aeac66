"""Attention of one sequence to another, or to itself, that leaves out pads."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class MaskedAttention(keras.layers.Layer):
    """Mixes, in each of `heads` heads, values by the attention of queries to keys.

    Takes queries (batch, queries, width), keys and values side by side (batch, keys, 2 * width), those of a head next
    to each other within each, and a mask (batch, keys), True where there is a token; gives what is mixed, (batch,
    queries, width), and the attention, mean over the heads, (batch, queries, keys). A mask without a token counts as
    one of tokens only. It has no weights: dense layers stand before it and after it. While training a share `dropout`
    of the attention is dropped. Under mixed precision the softmax is taken in float32.

    Vaswani et al. 2017, "Attention Is All You Need", NIPS, section 3.2.
    """

    def __init__(self, heads: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.dropout = heads, dropout
        self.seeds = keras.random.SeedGenerator() if dropout else None

    def call(self, inputs, training=None):
        queries, keys_and_values, mask = inputs
        width = queries.shape[2] // self.heads
        keys, values = ops.split(keys_and_values, 2, axis=-1)
        queries, keys, values = (self._by_head(part, width) for part in (queries, keys, values))
        scores = ops.matmul(queries * width**-0.5, ops.transpose(keys, (0, 1, 3, 2)))
        hidden = ops.logical_and(ops.logical_not(mask), ops.any(mask, axis=1, keepdims=True))
        scores = ops.where(hidden[:, None, None], -np.inf, ops.cast(scores, "float32"))
        attention = ops.cast(ops.softmax(scores), queries.dtype)
        dropped = attention
        if training and self.dropout:
            dropped = keras.random.dropout(attention, self.dropout, seed=self.seeds)
        mixed = ops.transpose(ops.matmul(dropped, values), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, *mixed.shape[1:2], self.heads * width)), ops.mean(attention, axis=1)

    def _by_head(self, x, width):
        return ops.transpose(ops.reshape(x, (-1, x.shape[1], self.heads, width)), (0, 2, 1, 3))

    def compute_output_shape(self, input_shapes):
        queries, keys_and_values, _mask = input_shapes
        return queries, (*queries[:2], keys_and_values[1])

    def get_config(self):
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout}
