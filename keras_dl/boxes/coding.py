"""A box as four numbers that say how an anchor has to move and grow.

Girshick, Donahue, Darrell & Malik, "Rich feature hierarchies for accurate object detection and semantic segmentation",
CVPR 2014, appendix C. The numbers are the steps of the centre in widths and heights of the anchor and the logarithms of
both growths, times `weights`, which bring them to a like size.
"""

from __future__ import annotations

import math

from keras_dl.boxes.geometry import sizes
from keras_dl.lazy import keras

ops = keras.ops

LARGEST = math.log(1000 / 16)
"""the largest growth that is decoded: from 16 pixels to 1000"""
SMALLEST = 1e-3
"""pixels that a side has at least when it is encoded: pads give finite numbers"""
Weights = tuple[float, float, float, float]
EVEN: Weights = (1.0, 1.0, 1.0, 1.0)


def encoded(boxes, anchors, weights: Weights = EVEN):
    """The numbers of `boxes` (..., 4) seen from `anchors` (..., 4)."""
    size, base = (ops.maximum(sizes(corners), SMALLEST) for corners in (boxes, anchors))
    moved = (boxes[..., :2] + 0.5 * size - anchors[..., :2] - 0.5 * base) / base
    return ops.concatenate([moved, ops.log(size / base)], axis=-1) * ops.array(weights, "float32")


def decoded(deltas, anchors, weights: Weights = EVEN):
    """The boxes (..., 4) whose numbers from `anchors` (..., 4) are `deltas` (..., 4)."""
    deltas, base = deltas / ops.array(weights, "float32"), sizes(anchors)
    centre = deltas[..., :2] * base + anchors[..., :2] + 0.5 * base
    half = 0.5 * ops.exp(ops.minimum(deltas[..., 2:], LARGEST)) * base
    return ops.concatenate([centre - half, centre + half], axis=-1)
