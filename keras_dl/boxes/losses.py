"""What a two-stage detector is trained by, from its outputs and the boxes of the pictures.

Ren, He, Girshick & Sun, NIPS 2015, equation 1, and Girshick, "Fast R-CNN", ICCV 2015, equation 1, with the constants of
torchvision: each loss is a mean over all candidates that were sampled in the batch, also that of the boxes, to which
the positive ones alone contribute. Boxes (batch, m, 4) and their labels (batch, m) are padded by -1; a picture without
boxes is background everywhere.
"""

from __future__ import annotations

from typing import NamedTuple

from keras_dl.boxes.coding import encoded
from keras_dl.boxes.detections import HEAD_WEIGHTS
from keras_dl.boxes.geometry import are_boxes, overlaps
from keras_dl.boxes.matching import match, sample
from keras_dl.lazy import keras

ops = keras.ops

RPN_SAMPLES, RPN_POSITIVES, RPN_LOW, RPN_HIGH = 256, 0.5, 0.3, 0.7
HEAD_SAMPLES, HEAD_POSITIVES, HEAD_OVERLAP = 512, 0.25, 0.5
BETA = 1 / 9
"""where the loss of a coordinate turns from a square to a line"""


class Sampled(NamedTuple):
    """Proposals to learn from, (batch, n, 4), with the targets of the head.

    `classes` (batch, n) int32, 0 for background; `deltas` (batch, n, 4); `there` (batch, n) bool, False for pads.
    """

    boxes: keras.KerasTensor
    classes: keras.KerasTensor
    deltas: keras.KerasTensor
    there: keras.KerasTensor


def rpn_losses(objectness, deltas, anchors, boxes, draws) -> dict[str, keras.KerasTensor]:
    """ "rpn_objectness" and "rpn_boxes" of up to 256 anchors a picture.

    `objectness` (batch, n) are logits, `deltas` (batch, n, 4); `draws` (batch, n) uniform random numbers say which of
    the `anchors` (n, 4) are sampled.
    """
    found = match(overlaps(anchors, boxes), are_boxes(boxes), RPN_LOW, RPN_HIGH, best_too=True)
    places, there = sample(found.positive, found.negative, draws, RPN_SAMPLES, RPN_POSITIVES)
    which, positive = (ops.take_along_axis(values, places, axis=1) for values in (found.which, found.positive))
    targets = encoded(_taken(boxes, which), ops.take(anchors, places, axis=0))
    logits = ops.cast(ops.take_along_axis(objectness, places, axis=1), "float32")
    labels = ops.cast(positive, "float32")
    entropy = ops.maximum(logits, 0.0) - logits * labels + ops.log1p(ops.exp(-ops.abs(logits)))
    return {
        "rpn_objectness": _mean(entropy, there, there),
        "rpn_boxes": _mean(_smooth(_taken(deltas, places), targets), positive & there, there),
    }


def sampled(proposals, boxes, labels, draws, count: int = HEAD_SAMPLES) -> Sampled:
    """Up to `count` of the `proposals` (batch, n, 4) and the m true `boxes` themselves; `draws` are (batch, n + m)."""
    candidates = ops.stop_gradient(ops.concatenate([proposals, boxes], axis=1))
    real = are_boxes(candidates)
    found = match(overlaps(candidates, boxes), are_boxes(boxes), HEAD_OVERLAP, HEAD_OVERLAP)
    places, there = sample(found.positive & real, found.negative & real, draws, count, HEAD_POSITIVES)
    which, positive = (ops.take_along_axis(values, places, axis=1) for values in (found.which, found.positive))
    classes = ops.take_along_axis(ops.cast(labels, "int32"), which, axis=1) + 1
    chosen = _taken(candidates, places)
    return Sampled(
        boxes=ops.where(there[..., None], chosen, -1.0),
        classes=ops.where(positive & there, classes, 0),
        deltas=encoded(_taken(boxes, which), chosen, HEAD_WEIGHTS),
        there=there,
    )


def head_losses(class_logits, box_deltas, targets: Sampled) -> dict[str, keras.KerasTensor]:
    """ "head_classes" and "head_boxes" of what the head says of `targets.boxes`.

    `class_logits` are (batch, n, 1 + classes), `box_deltas` (batch, n, 1 + classes, 4): those of the true class count.
    """
    logits, classes = ops.cast(class_logits, "float32"), targets.classes[..., None]
    entropy = ops.logsumexp(logits, axis=-1) - ops.take_along_axis(logits, classes, axis=-1)[..., 0]
    deltas = ops.take_along_axis(box_deltas, classes[..., None], axis=2)[:, :, 0]
    return {
        "head_classes": _mean(entropy, targets.there, targets.there),
        "head_boxes": _mean(_smooth(deltas, targets.deltas), targets.classes > 0, targets.there),
    }


def _taken(rows, places):
    """(batch, n, 4) at `places` (batch, k) -> (batch, k, 4)."""
    return ops.take_along_axis(rows, places[..., None], axis=1)


def _mean(values, counted, there):
    """The sum of `values` where `counted`, over the number of those that are `there`."""
    return ops.sum(ops.where(counted, values, 0.0)) / ops.maximum(ops.sum(ops.cast(there, "float32")), 1.0)


def _smooth(found, wanted):
    """The smooth L1 distance of codes, (..., 4) -> (...)."""
    distance = ops.abs(ops.cast(found, "float32") - wanted)
    return ops.sum(ops.where(distance < BETA, 0.5 * distance**2 / BETA, distance - 0.5 * BETA), axis=-1)
