"""Non-maximum suppression: of boxes that overlap by more than a threshold only that with the highest score stays.

Both forms have fixed shapes and compile under XLA. `surviving` compares all pairs, and decides block by block in few
rounds each; `strongest` finds few out of very many, one a round.
"""

from __future__ import annotations

from keras_dl.boxes.geometry import overlaps
from keras_dl.lazy import keras

ops = keras.ops

BLOCK = 256
"""boxes that are decided at once: few enough that what is compared fits into a cache"""


def surviving(boxes, present, threshold: float):
    """Which of `boxes` (batch, n, 4), the best first, stay, (batch, n) bool; only those `present` (batch, n) count.

    A box stays if none of those before it that stay overlaps it.
    """
    stay = present[:, :0]
    for start in range(0, boxes.shape[1], BLOCK):
        block, before = boxes[:, start : start + BLOCK], boxes[:, :start]
        beaten = ops.any((overlaps(block, before) > threshold) & stay[:, None, :], axis=-1)
        alone = _surviving_at_once(block, present[:, start : start + BLOCK] & ~beaten, threshold)
        stay = ops.concatenate([stay, alone], axis=1)
    return stay


def _surviving_at_once(boxes, present, threshold: float):
    """The same by n x n numbers.

    The rounds start from all and repeat the sentence until nothing changes: after k of them the first k are certain,
    and in practice a few are enough.
    """
    places = ops.arange(boxes.shape[-2])
    beaten = (overlaps(boxes, boxes) > threshold) & (places[:, None] > places)

    def changed(stays, before):
        return ops.any(stays != before)

    def round_of(stays, before):
        return present & ~ops.any(beaten & stays[..., None, :], axis=-1), stays

    return ops.while_loop(changed, round_of, (present, ops.zeros_like(present)))[0]


def strongest(boxes, scores, groups, threshold: float, count: int):
    """The places (batch, count) int32 of the boxes that stay, the best first, and whether there is one, bool.

    `boxes` (batch, n, 4) have `scores` (batch, n), of which those above 0 count; boxes suppress those of the same group
    alone, `groups` (n,).
    """
    places = ops.arange(count)

    def goes_on(step, scores, chosen, found):
        return (step < count) & ops.any(scores > 0)

    def choose(step, scores, chosen, found):
        best = ops.cast(ops.argmax(scores, axis=1), "int32")[:, None]
        there = ops.max(scores, axis=1, keepdims=True) > 0
        box = ops.take_along_axis(boxes, best[..., None], axis=1)
        near = (overlaps(box, boxes)[:, 0] > threshold) & (ops.take(groups, best[:, 0])[:, None] == groups)
        itself = ops.arange(boxes.shape[1]) == best
        here = places == step
        return (
            step + 1,
            ops.where(near | itself, 0.0, scores),
            ops.where(here, best, chosen),
            ops.where(here, there, found),
        )

    nothing = ops.zeros_like(scores[:, :1], dtype="int32") + ops.zeros((count,), "int32")
    state = (ops.array(0, "int32"), scores, nothing, nothing > 0)
    *_, chosen, found = ops.while_loop(goes_on, choose, state)
    return chosen, found
