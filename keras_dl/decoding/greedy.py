"""The likeliest token, again and again."""

from __future__ import annotations

from typing import Any

from keras_dl.decoding.continuing import NextLogits, continued
from keras_dl.lazy import keras

ops = keras.ops


def greedy(next_logits: NextLogits, token_ids: Any, given: Any, *, end: int | None = None) -> Any:
    """`token_ids` (batch, length) int32, the first `given` (batch,) kept and each one after them the likeliest."""
    return continued(next_logits, token_ids, given, likeliest, end)


def likeliest(logits: Any, place: Any) -> Any:
    """The token of each row of `logits` (batch, vocabulary_size): ids (batch,)."""
    return ops.argmax(logits, axis=-1)
