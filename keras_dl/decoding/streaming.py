"""Texts while they are written: one compiled program goes on by a few tokens, again and again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_dl.decoding.continuing import Choose, NextLogits, advanced, begun
from keras_dl.decoding.program import compiled
from keras_dl.lazy import keras

AT_ONCE = 4
"""tokens between two looks at what is written"""


def streaming(
    network: keras.Model,
    next_logits: NextLogits,
    token_ids: np.ndarray,
    given: np.ndarray,
    choose: Choose,
    *,
    end: int | None = None,
    xla: bool = False,
) -> Iterator[np.ndarray]:
    """`token_ids` (batch, length) int32 as `continued` writes them by `network`, up to where they are written so far.

    Each has at least as many tokens as the one before; the last is whole.
    """
    begin = compiled(lambda *arrays: begun(next_logits, *arrays), network, xla=xla)
    go_on = compiled(
        lambda state, given, until: advanced(next_logits, state, given, choose, end, until), network, xla=xla
    )
    state, length = begin(token_ids, given), token_ids.shape[1]
    place = int(state[0])
    while place < length and not np.all(state[2]):
        state = go_on(state, given, np.array(min(place + AT_ONCE, length), "int32"))
        place = int(state[0])
        yield keras.ops.convert_to_numpy(state[1])[:, :place]
