"""One token after another, each chosen from the logits that those before it give."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from keras_dl.lazy import keras

ops = keras.ops

PAD = 0
NEVER = -1e9
"""the logarithm of what cannot be"""

Choose = Callable[[Any, Any], Any]
"""from logits (batch, vocabulary_size) and the place to token ids (batch,)"""


@dataclasses.dataclass(frozen=True)
class Remembering:
    """`next_logits(token_ids, place, memory)` gives the logits at `place` and what it remembers for the next place.

    `begin(token_ids, place)` is what it remembers before the first place: arrays, in tuples, whose first axis is that
    of the texts.
    """

    begin: Callable[[Any, Any], Any]
    next_logits: Callable[[Any, Any, Any], tuple[Any, Any]]


NextLogits = Callable[[Any, Any], Any] | Remembering


def remembering(next_logits: NextLogits) -> Remembering:
    """One that remembers nothing, for a plain function."""
    if isinstance(next_logits, Remembering):
        return next_logits
    return Remembering(
        lambda token_ids, place: (), lambda token_ids, place, memory: (next_logits(token_ids, place), ())
    )


def without(next_logits: NextLogits, ids: list[int]) -> Remembering:
    """`next_logits` by which none of the `ids` is ever chosen; float32."""
    told = remembering(next_logits)

    def without_them(token_ids: Any, place: Any, memory: Any) -> tuple[Any, Any]:
        logits, memory = told.next_logits(token_ids, place, memory)
        never = ops.any(ops.arange(logits.shape[-1])[:, None] == ops.convert_to_tensor(ids, "int32"), axis=-1)
        return ops.where(never, NEVER, ops.cast(logits, "float32")), memory

    return Remembering(told.begin, without_them)


def continued(next_logits: NextLogits, token_ids: Any, given: Any, choose: Choose, end: int | None) -> Any:
    """`token_ids` (batch, length) int32, the first `given` (batch,) of each text kept and the others chosen.

    It stops when each text has its `end` or the length is reached.
    """
    state = begun(next_logits, token_ids, given)
    return advanced(next_logits, state, given, choose, end, state[1].shape[1])[1]


def begun(next_logits: NextLogits, token_ids: Any, given: Any) -> tuple[Any, ...]:
    """The next place, the `token_ids`, which of the texts have ended, and what is remembered."""
    token_ids, given = ops.convert_to_tensor(token_ids, "int32"), ops.convert_to_tensor(given, "int32")
    first = ops.min(given)
    memory = remembering(next_logits).begin(token_ids, first)
    return first, token_ids, ops.zeros_like(given, dtype="bool"), memory


def advanced(
    next_logits: NextLogits, state: tuple[Any, ...], given: Any, choose: Choose, end: int | None, until: Any
) -> tuple[Any, ...]:
    """The `state` as `begun` gives it with the places before `until` chosen, or all texts ended."""
    told = remembering(next_logits)

    def going_on(place, token_ids, ended, memory):
        return ops.logical_and(place < until, ops.logical_not(ops.all(ended)))

    def step(place, token_ids, ended, memory):
        logits, memory = told.next_logits(token_ids, place, memory)
        chosen = ops.where(ended, PAD, ops.cast(choose(logits, place), "int32"))
        kept = place < given
        chosen = ops.where(kept, ops.take(token_ids, place, axis=1), chosen)
        if end is not None:
            ended = ops.logical_or(ended, ops.logical_and(ops.logical_not(kept), chosen == end))
        return place + 1, put(token_ids, place, chosen), ended, memory

    return ops.while_loop(going_on, step, state)


def put(token_ids: Any, place: Any, chosen: Any) -> Any:
    """`token_ids` (..., length) with `chosen` (...) at `place`."""
    return ops.where(ops.arange(token_ids.shape[-1]) == place, ops.expand_dims(chosen, -1), token_ids)
