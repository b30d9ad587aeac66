"""Self-attention in which no token sees those that come later."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class CausalAttention(keras.layers.Layer):
    """Mixes, in each of `heads` heads, the values of every token and of those before it by their attention.

    Takes queries, keys and values side by side, (batch, length, 3 * width), those of a head next to each other within
    them; gives (batch, length, width). It has no weights: dense layers stand before it and after it. While training a
    share `dropout` of the attention is dropped. Under mixed precision the softmax is taken in float32.

    Vaswani et al. 2017, "Attention Is All You Need", NIPS, section 3.2.
    """

    def __init__(self, heads: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.dropout = heads, dropout
        self.seeds = keras.random.SeedGenerator() if dropout else None

    def call(self, x, training=None):
        length, width = x.shape[1], x.shape[2] // 3
        heads = ops.reshape(x, (-1, length, 3, self.heads, width // self.heads))
        queries, keys, values = ops.unstack(ops.transpose(heads, (2, 0, 3, 1, 4)))
        scores = ops.matmul(queries * (width // self.heads) ** -0.5, ops.transpose(keys, (0, 1, 3, 2)))
        places = ops.arange(length)
        scores = ops.where(places <= places[:, None], ops.cast(scores, "float32"), -np.inf)
        attention = ops.cast(ops.softmax(scores), x.dtype)
        if training and self.dropout:
            attention = keras.random.dropout(attention, self.dropout, seed=self.seeds)
        mixed = ops.transpose(ops.matmul(attention, values), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, length, width))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], input_shape[2] // 3)

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input, of all queries by all keys and of the attention by the values."""
        length, width = output_shape
        return 2 * length * length * width

    def links(self, output_shape) -> int:
        """Connections for one input: none has a weight."""
        return 0

    def get_config(self):
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout}
