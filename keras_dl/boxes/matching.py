"""Which boxes of a picture the anchors and proposals stand for, and a sample of them to learn from.

Ren, He, Girshick & Sun, "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks", NIPS 2015,
section 3.1.2.
"""

from __future__ import annotations

from typing import NamedTuple

from keras_dl.lazy import keras

ops = keras.ops

TIE = 1e-6
"""overlaps that differ by less are equal: compilers may compute the same one in two ways"""


class Match(NamedTuple):
    """For each of n candidates, (batch, n): the box that it overlaps most, and whether it is a box or background."""

    which: keras.KerasTensor
    positive: keras.KerasTensor
    negative: keras.KerasTensor


def match(overlaps, present, low: float, high: float, *, best_too: bool = False) -> Match:
    """`overlaps` (batch, n, m) with m boxes of which those `present` (batch, m) are no pads -> `Match`.

    A candidate is positive from an overlap of `high` on, negative below `low`, and neither between. With `best_too`
    those are positive too, however small their overlap, that no other candidate exceeds for one of the boxes; each
    stands for the box that it itself overlaps most. Without a box all candidates are negative.
    """
    overlaps = ops.where(present[:, None, :], overlaps, -1.0)
    most = ops.max(overlaps, axis=-1)
    positive, negative = most >= high, most < low
    if best_too:
        best = ops.max(overlaps, axis=1, keepdims=True)
        rescued = ops.any((overlaps >= best - TIE) & (best > 0), axis=-1)
        positive, negative = positive | rescued, negative & ~rescued
    return Match(ops.argmax(overlaps, axis=-1), positive, negative)


def sample(positive, negative, draws, count: int, share: float):
    """Up to `count` of n candidates, at most `share` of them `positive` and the rest `negative`, (batch, n) bool each.

    `draws` (batch, n) are uniform random numbers; the largest of either kind are chosen. Returns the places
    (batch, min(count, n)) int32, positives first, and whether there is one, bool.
    """
    candidates = draws.shape[1]
    most = min(int(count * share), candidates)
    values, places = ops.top_k(ops.where(positive, draws, -1.0), most)
    found = values >= 0
    left = count - ops.sum(ops.cast(found, "int32"), axis=1, keepdims=True)
    values, others = ops.top_k(ops.where(negative, draws, -1.0), min(count, candidates))
    rest = (values >= 0) & (ops.arange(others.shape[1]) < left)
    chosen = ops.concatenate([found, rest], axis=1)
    places = ops.concatenate([ops.cast(places, "int32"), ops.cast(others, "int32")], axis=1)
    filled, order = ops.top_k(ops.cast(chosen, "float32"), min(count, candidates))
    return ops.take_along_axis(places, ops.cast(order, "int32"), axis=1), filled > 0
