"""What a two-stage detector answers, from what its head says of each proposal.

Girshick, "Fast R-CNN", ICCV 2015, section 3; the thresholds are torchvision's.
"""

from __future__ import annotations

import numpy as np

from keras_dl.boxes.coding import Weights, decoded
from keras_dl.boxes.geometry import are_boxes, clipped
from keras_dl.boxes.suppression import strongest
from keras_dl.lazy import keras

ops = keras.ops

HEAD_WEIGHTS: Weights = (10.0, 10.0, 5.0, 5.0)
"""of the codes of boxes that the head gives"""
SCORE, OVERLAP, MOST = 0.05, 0.5, 100
SMALLEST = 1e-2
"""pixels that both sides have at least"""


def detections(proposals, class_logits, box_deltas, size: tuple[int, int]) -> dict[str, keras.KerasTensor]:
    """Up to 100 boxes in pictures of `size` (height, width), the most certain first.

    Takes `proposals` (batch, n, 4), of which pads give nothing, `class_logits` (batch, n, 1 + classes), background
    first, and `box_deltas` (batch, n, 1 + classes, 4). Gives "boxes" (batch, 100, 4), "scores" (batch, 100), which are
    probabilities above 0.05, and "labels" (batch, 100) int32, all padded by -1. Boxes of a class that overlap a
    better one of it by more than 0.5 are left out.
    """
    logits, deltas = (ops.cast(x, "float32") for x in (class_logits, box_deltas))
    candidates, classes = logits.shape[1], logits.shape[2] - 1
    boxes = clipped(decoded(deltas[:, :, 1:], proposals[:, :, None, :], HEAD_WEIGHTS), *size)
    scores = ops.softmax(logits)[..., 1:]
    real = (scores > SCORE) & are_boxes(boxes, SMALLEST) & are_boxes(proposals)[..., None]
    scores = ops.reshape(ops.where(real, scores, 0.0), (-1, candidates * classes))
    boxes = ops.reshape(boxes, (-1, candidates * classes, 4))
    labels = ops.array(np.tile(np.arange(classes, dtype="int32"), candidates))
    places, found = strongest(boxes, scores, labels, OVERLAP, MOST)
    return {
        "boxes": ops.where(found[..., None], ops.take_along_axis(boxes, places[..., None], axis=1), -1.0),
        "scores": ops.where(found, ops.take_along_axis(scores, places, axis=1), -1.0),
        "labels": ops.where(found, ops.take(labels, places, axis=0), -1),
    }
