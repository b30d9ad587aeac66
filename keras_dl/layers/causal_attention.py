"""Self-attention in which no token sees those that come later."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class CausalAttention(keras.layers.Layer):
    """Mixes, in each of `heads` heads, the values of every token and of those before it by their attention.

    Takes the queries of all heads, their keys and their values side by side, those of a head next to each other; gives
    (batch, length, width of the queries). With fewer `key_value_heads` than heads, a divisor of their number, as many
    neighbouring heads share the keys and values of one (Ainslie et al. 2023, "GQA"). With a `rotary_base` queries and
    keys are turned by angles that grow with their place, so that scores follow distances (Su et al. 2021, "RoFormer",
    equation 34; the first half of a head is turned with its second). It has no weights: dense layers stand before it
    and after it. While training a share `dropout` of the attention is dropped. Under mixed precision the softmax is
    taken in float32.

    Vaswani et al. 2017, "Attention Is All You Need", NIPS, section 3.2.
    """

    def __init__(
        self,
        heads: int,
        dropout: float = 0.0,
        key_value_heads: int | None = None,
        rotary_base: float | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.heads, self.dropout = heads, dropout
        self.key_value_heads, self.rotary_base = key_value_heads or heads, rotary_base
        self.seeds = keras.random.SeedGenerator() if dropout else None

    def call(self, x, training=None):
        length, parts = x.shape[1], self.heads + 2 * self.key_value_heads
        width = x.shape[2] // parts
        x = ops.transpose(ops.reshape(x, (-1, length, parts, width)), (0, 2, 1, 3))
        queries, keys, values = ops.split(x, (self.heads, self.heads + self.key_value_heads), axis=1)
        if self.rotary_base:
            cosines, sines = rotation(length, width, self.rotary_base)
            queries, keys = turned(queries, cosines, sines), turned(keys, cosines, sines)
        if self.key_value_heads < self.heads:
            keys, values = (ops.repeat(part, self.heads // self.key_value_heads, axis=1) for part in (keys, values))
        scores = ops.matmul(queries * width**-0.5, ops.transpose(keys, (0, 1, 3, 2)))
        places = ops.arange(length)
        scores = ops.where(places <= places[:, None], ops.cast(scores, "float32"), -np.inf)
        attention = ops.cast(ops.softmax(scores), x.dtype)
        if training and self.dropout:
            attention = keras.random.dropout(attention, self.dropout, seed=self.seeds)
        mixed = ops.transpose(ops.matmul(attention, values), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, length, self.heads * width))

    def compute_output_shape(self, input_shape):
        width = input_shape[2] // (self.heads + 2 * self.key_value_heads)
        return (*input_shape[:2], self.heads * width)

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input, of all queries by all keys and of the attention by the values."""
        length, width = output_shape
        return 2 * length * length * width

    def links(self, output_shape) -> int:
        """Connections for one input: none has a weight."""
        return 0

    def get_config(self):
        own = {name: getattr(self, name) for name in ("heads", "dropout", "key_value_heads", "rotary_base")}
        return {**super().get_config(), **own}


def rotation(length: int, width: int, base: float) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines of the angles at each place, (length, width / 2) float32."""
    angles = np.arange(length)[:, None] * base ** (-np.arange(0, width, 2) / width)
    return np.cos(angles).astype("float32"), np.sin(angles).astype("float32")


def turned(x, cosines, sines):
    """`x` (batch, heads, length, width), each number of its first half turned with that of the second."""
    first, second = ops.split(ops.cast(x, "float32"), 2, axis=-1)
    both = (first * cosines - second * sines, second * cosines + first * sines)
    return ops.cast(ops.concatenate(both, axis=-1), x.dtype)
