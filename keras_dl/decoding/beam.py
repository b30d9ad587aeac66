"""Beam search: several likely beginnings are continued side by side."""

from __future__ import annotations

from typing import Any

from keras_dl.decoding.continuing import NEVER, PAD, NextLogits, put, remembering
from keras_dl.fields import Count, NotNegative, checked
from keras_dl.lazy import keras

ops = keras.ops


def beam(
    next_logits: NextLogits,
    token_ids: Any,
    given: Any,
    *,
    width: int = 4,
    length_penalty: float = 0.0,
    end: int | None = None,
) -> tuple[Any, Any]:
    """The `width` best continuations that are found, (batch, width, length) int32, and their scores, (batch, width).

    The first `given` (batch,) of `token_ids` (batch, length) are kept. At each place the `width` likeliest beginnings
    stay. The score is the logarithm of the probability, divided by the number of tokens chosen, `end` included, to the
    power `length_penalty`; the best comes first. `next_logits` gets (batch * width, length), the beginnings of a text
    one after another. Raises `UsageError` for a width below 1 and a penalty below 0.
    """
    width = checked("width", width, Count)
    length_penalty = checked("length_penalty", length_penalty, NotNegative)
    token_ids, given = ops.convert_to_tensor(token_ids, "int32"), ops.convert_to_tensor(given, "int32")[:, None]
    batch, length = token_ids.shape
    told = remembering(next_logits)

    def going_on(place, token_ids, scores, chosen, ended, memory):
        return ops.logical_and(place < length, ops.logical_not(ops.all(ended)))

    def step(place, token_ids, scores, chosen, ended, memory):
        logits, memory = told.next_logits(ops.reshape(token_ids, (batch * width, length)), place, memory)
        size = logits.shape[-1]
        gains = ops.reshape(ops.log_softmax(ops.cast(logits, "float32")), (batch, width, size))
        kept = ops.broadcast_to(place < given, (batch, width))
        only = ops.where(kept, ops.take(token_ids, place, axis=2), PAD)
        fixed = ops.where(ops.arange(size) == ops.expand_dims(only, -1), 0.0, NEVER)
        settled = ops.logical_or(kept, ended)
        gains = ops.where(ops.expand_dims(settled, -1), fixed, gains)
        totals = ops.reshape(ops.expand_dims(scores, -1) + gains, (batch, width * size))
        scores, best = ops.top_k(totals, width)
        parents, tokens = best // size, ops.cast(best % size, "int32")
        token_ids = ops.take_along_axis(token_ids, ops.expand_dims(parents, -1), axis=1)
        chosen, ended, settled, kept = (
            ops.take_along_axis(one, parents, axis=1) for one in (chosen, ended, settled, kept)
        )
        rows = ops.reshape(parents + width * ops.arange(batch)[:, None], (-1,))
        memory = keras.tree.map_structure(lambda one: ops.take(one, rows, axis=0), memory)
        if end is not None:
            ended = ops.logical_or(ended, ops.logical_and(ops.logical_not(kept), tokens == end))
        chosen = chosen + ops.cast(ops.logical_not(settled), "float32")
        return place + 1, put(token_ids, place, tokens), scores, chosen, ended, memory

    places = ops.broadcast_to(ops.expand_dims(token_ids, 1), (batch, width, length))
    scores = ops.where(ops.arange(width) == 0, 0.0, NEVER) * ops.ones((batch, 1))  # of equal beginnings, one counts
    none = ops.zeros((batch, width))
    first = ops.min(given)
    memory = told.begin(ops.reshape(places, (batch * width, length)), first)
    state = (first, places, scores, none, ops.cast(none, "bool"), memory)
    _, token_ids, scores, chosen, *_ = ops.while_loop(going_on, step, state)
    scores, order = ops.top_k(scores / ops.maximum(chosen, 1) ** length_penalty, width)
    return ops.take_along_axis(token_ids, ops.expand_dims(order, -1), axis=1), scores
