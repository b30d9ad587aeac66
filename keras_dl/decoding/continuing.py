"""One token after another, each chosen from the logits that those before it give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_dl.lazy import keras

ops = keras.ops

PAD = 0

NextLogits = Callable[[Any, Any], Any]
Choose = Callable[[Any, Any], Any]
"""from logits (batch, vocabulary_size) and the place to token ids (batch,)"""


def continued(next_logits: NextLogits, token_ids: Any, given: Any, choose: Choose, end: int | None) -> Any:
    """`token_ids` (batch, length) int32, the first `given` (batch,) of each text kept and the others chosen.

    It stops when each text has its `end` or the length is reached.
    """
    token_ids, given = ops.convert_to_tensor(token_ids, "int32"), ops.convert_to_tensor(given, "int32")

    def going_on(place, token_ids, ended):
        return ops.logical_and(place < token_ids.shape[1], ops.logical_not(ops.all(ended)))

    def step(place, token_ids, ended):
        chosen = ops.cast(choose(next_logits(token_ids, place), place), "int32")
        chosen = ops.where(ended, PAD, chosen)
        kept = place < given
        chosen = ops.where(kept, ops.take(token_ids, place, axis=1), chosen)
        if end is not None:
            ended = ops.logical_or(ended, ops.logical_and(ops.logical_not(kept), chosen == end))
        return place + 1, put(token_ids, place, chosen), ended

    first = ops.min(given)
    return ops.while_loop(going_on, step, (first, token_ids, ops.zeros_like(given, dtype="bool")))[1]


def put(token_ids: Any, place: Any, chosen: Any) -> Any:
    """`token_ids` (..., length) with `chosen` (...) at `place`."""
    return ops.where(ops.arange(token_ids.shape[-1]) == place, ops.expand_dims(chosen, -1), token_ids)
