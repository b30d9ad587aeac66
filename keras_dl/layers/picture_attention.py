"""Causal attention over a text and the cells of a picture behind it, which know where they stand."""

import keras
import numpy as np
from keras import ops

from keras_dl.layers.causal_attention import CausalAttention

FAR = 8192.0
"""the place in the text that all cells of a picture have"""
OUTSIDE = -10.0
"""the row and the column that all words have, where those of a picture go from -1 to 1"""


@keras.saving.register_keras_serializable(package="keras_dl")
class PictureAttention(CausalAttention):
    """`CausalAttention` whose queries, keys and values are turned by their place in the text, row and column.

    The first `words` tokens are a text, the others the cells of `side` rows, row by row. A third of the pairs of
    numbers next to each other in a head is turned by each of the three: by the place as in Su et al. 2021, by row and
    column in frequencies that lie side by side. What is left over is not turned. This is the form of dalle_pytorch.
    """

    def __init__(self, heads: int, words: int, side: int, **kwargs):
        super().__init__(heads, **kwargs)
        self.words, self.side = words, side

    def _by_head(self, x, place, length):
        parts = super()._by_head(x, place, length)
        angles = token_angles(self.words, self.side, parts[0].shape[-1] // 6)
        start, shape = (place, 0), (x.shape[1], angles.shape[1])
        cosines, sines = (ops.slice(part.astype("float32"), start, shape) for part in (np.cos(angles), np.sin(angles)))
        return tuple(pairs_turned(part, cosines, sines) for part in parts)

    def get_config(self):
        config = super().get_config()
        for name in ("key_value_heads", "rotary_base"):
            config.pop(name)
        return {**config, "words": self.words, "side": self.side}


def token_angles(words: int, side: int, pairs: int) -> np.ndarray:
    """By what each of `words` and of the cells of a picture, row by row, is turned: (tokens, 3 * pairs) radians."""
    by_place = 10_000.0 ** (-np.arange(pairs) / pairs)
    by_cell = np.linspace(1.0, 5.0, pairs) * np.pi
    rows, columns = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, side)] * 2, indexing="ij"))
    outside = np.full(words, OUTSIDE)
    axes = [np.arange(words), np.full(side * side, FAR)], [outside, rows], [outside, columns]
    places, rows, columns = map(np.concatenate, axes)
    return np.concatenate([places[:, None] * by_place, rows[:, None] * by_cell, columns[:, None] * by_cell], axis=1)


def pairs_turned(x, cosines, sines):
    """`x` (batch, heads, length, width), of its first pairs of neighbours each turned by an angle."""
    pairs = cosines.shape[-1]
    turning, left = ops.split(ops.cast(x, "float32"), (2 * pairs,), axis=-1)
    first, second = turning[..., 0::2], turning[..., 1::2]
    both = ops.stack([first * cosines - second * sines, second * cosines + first * sines], axis=-1)
    turning = ops.reshape(both, (-1, *x.shape[1:3], 2 * pairs))
    return ops.cast(ops.concatenate([turning, left], axis=-1), x.dtype)
