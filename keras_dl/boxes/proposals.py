"""The boxes that a region proposal network finds worth a second look.

Ren, He, Girshick & Sun, NIPS 2015, section 3.3; Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017,
section 4.1, for several maps: each is thinned out by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_dl.boxes.coding import decoded
from keras_dl.boxes.geometry import are_boxes, clipped
from keras_dl.boxes.suppression import surviving
from keras_dl.lazy import keras

ops = keras.ops

OVERLAP = 0.7
SMALLEST = 1e-3
"""pixels that both sides have at least"""


def proposals(objectness, deltas, anchors: np.ndarray, counts: Sequence[int], size: tuple[int, int], most: int):
    """The best boxes in pictures of `size` (height, width), (batch, min(most, ..), 4), best first, padded by -1.

    `objectness` (batch, n) are logits, `deltas` (batch, n, 4) the codes of boxes as seen from `anchors` (n, 4), of
    which `counts` belong to each map. Of each map the `most` best anchors are decoded, and those go that overlap a
    better one by more than 0.7. No gradient flows through the boxes.
    """
    objectness, deltas = (ops.stop_gradient(ops.cast(x, "float32")) for x in (objectness, deltas))
    boxes, scores, start = [], [], 0
    for count in counts:
        inside = slice(start, start + count)
        score, places = ops.top_k(objectness[:, inside], min(most, count))
        code = ops.take_along_axis(deltas[:, inside], places[..., None], axis=1)
        box = clipped(decoded(code, ops.take(ops.array(anchors[inside]), places, axis=0)), *size)
        stays = surviving(box, are_boxes(box, SMALLEST), OVERLAP)
        boxes.append(box)
        scores.append(ops.where(stays, score, -np.inf))
        start += count
    boxes, scores = ops.concatenate(boxes, axis=1), ops.concatenate(scores, axis=1)
    scores, places = ops.top_k(scores, min(most, scores.shape[1]))
    best = ops.take_along_axis(boxes, places[..., None], axis=1)
    return ops.where(ops.isfinite(scores)[..., None], best, -1.0)
