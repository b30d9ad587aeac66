"""The next token of a causal network, which reads its whole window anew for each."""

from __future__ import annotations

from typing import Any

from keras_dl.decoding.continuing import PAD, NextLogits
from keras_dl.lazy import keras

ops = keras.ops


def causal(network: keras.Model) -> NextLogits:
    """`next_logits` of a `network` from `token_ids` (batch, window) to logits (batch, window, vocabulary_size).

    Of what stands before a place the last window is seen.
    """
    window = network.input_shape[1]

    def next_logits(token_ids: Any, place: Any) -> Any:
        lacking = max(0, window - token_ids.shape[1])
        token_ids = ops.pad(token_ids, ((0, 0), (0, lacking)), constant_values=PAD)
        start = ops.maximum(place - window, 0)
        seen = ops.slice(token_ids, (0, start), (token_ids.shape[0], window))
        return ops.take(network(seen, training=False), place - 1 - start, axis=1)

    return next_logits
