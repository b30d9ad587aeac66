"""Sizes of boxes, what two of them share, and their cut at the borders of a picture."""

from __future__ import annotations

from keras_dl.lazy import keras

ops = keras.ops


def sizes(boxes):
    """Width and height, (..., 4) -> (..., 2); those of pads are 0."""
    return boxes[..., 2:] - boxes[..., :2]


def are_boxes(boxes, least: float = 0.0):
    """Whether both sides are longer than `least` pixels, (..., 4) -> (...) bool: a pad is no box."""
    return ops.all(sizes(boxes) > least, axis=-1)


def clipped(boxes, height: int, width: int):
    """`boxes` (..., 4) without what lies outside a picture of these sides."""
    limits = ops.array([width, height, width, height], "float32")
    return ops.clip(boxes, 0.0, limits)


def overlaps(boxes, others):
    """Intersection over union of each with each: (..., n, 4), (..., m, 4) -> (..., n, m), 0 with pads."""
    areas = [ops.prod(sizes(corners), axis=-1) for corners in (boxes, others)]
    shared = 1.0
    for start, end in ((0, 2), (1, 3)):
        first = ops.maximum(boxes[..., :, None, start], others[..., None, :, start])
        last = ops.minimum(boxes[..., :, None, end], others[..., None, :, end])
        shared = shared * ops.maximum(last - first, 0.0)
    return shared / ops.maximum(areas[0][..., :, None] + areas[1][..., None, :] - shared, 1e-12)
