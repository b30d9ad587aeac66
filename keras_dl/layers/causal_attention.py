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
        places = np.arange(x.shape[1])
        queries, keys, values = self._by_head(x, 0, x.shape[1])
        return self._mixed(queries, keys, values, places <= places[:, None], training)

    def attention(self, x):
        """How much each token sees of every other, mean over the heads: (batch, length, length), rows that add up to 1.

        Takes what `call` takes.
        """
        places = np.arange(x.shape[1])
        queries, keys, _ = self._by_head(x, 0, x.shape[1])
        return ops.mean(self._shares(queries, keys, places <= places[:, None]), axis=1)

    def memory(self, input_shape, batch: int, length: int) -> tuple:
        """Room for the keys and values of `length` tokens: zeros, (batch, key_value_heads, length, width) each."""
        width = input_shape[2] // (self.heads + 2 * self.key_value_heads)
        room = ops.zeros((batch, self.key_value_heads, length, width), self.compute_dtype)
        return room, room

    def step(self, x, place, memory: tuple) -> tuple:
        """What `call` gives for the tokens `x`, (batch, n, width), from `place` on, and `memory` with them in it.

        `memory` holds those before; whatever stands in it from `place` on is not seen.
        """
        length = memory[0].shape[2]
        queries, *new = self._by_head(x, place, length)
        keys, values = memory = tuple(
            ops.slice_update(before, (0, 0, place, 0), part) for before, part in zip(memory, new, strict=True)
        )
        seen = ops.arange(length) <= place + ops.arange(x.shape[1])[:, None]
        return self._mixed(queries, keys, values, seen), memory

    def _by_head(self, x, place, length):
        """Queries, keys and values of the tokens from `place` on, of `length`: (batch, heads of it, n, width) each."""
        count, parts = x.shape[1], self.heads + 2 * self.key_value_heads
        width = x.shape[2] // parts
        x = ops.transpose(ops.reshape(x, (-1, count, parts, width)), (0, 2, 1, 3))
        queries, keys, values = ops.split(x, (self.heads, self.heads + self.key_value_heads), axis=1)
        if self.rotary_base:
            angles = rotation(length, width, self.rotary_base)
            cosines, sines = (ops.slice(part, (place, 0), (count, width // 2)) for part in angles)
            queries, keys = turned(queries, cosines, sines), turned(keys, cosines, sines)
        return queries, keys, values

    def _mixed(self, queries, keys, values, seen, training=None):
        """`values` by the attention of `queries` to `keys` where `seen` (n, keys): (batch, n, width of queries)."""
        (_, _, count, width), length = queries.shape, keys.shape[2]
        attention = self._shares(queries, keys, seen)
        if training and self.dropout:
            attention = keras.random.dropout(attention, self.dropout, seed=self.seeds)
        shared = self.heads // self.key_value_heads
        attention = ops.reshape(attention, (-1, self.key_value_heads, shared * count, length))
        mixed = ops.reshape(ops.matmul(attention, values), (-1, self.heads, count, width))
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, count, self.heads * width))

    def _shares(self, queries, keys, seen):
        """The attention of `queries` to `keys`, (batch, heads, n, keys), where `seen`.

        Queries that share keys and values stand below each other, so that these are not copied.
        """
        (_, _, count, width), length = queries.shape, keys.shape[2]
        shared = self.heads // self.key_value_heads
        queries = ops.reshape(queries * width**-0.5, (-1, self.key_value_heads, shared * count, width))
        scores = ops.cast(ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))), "float32")
        scores = ops.where(seen, ops.reshape(scores, (-1, self.heads, count, length)), -np.inf)
        return ops.cast(ops.softmax(scores), queries.dtype)

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
