"""The losses of a two-stage detector: the definition in plain numpy, pads, pictures without boxes, what is sampled."""

import numpy as np
import pytest
import tensorflow as tf
from plain_boxes import PAD, overlap, random_boxes

from keras_dl.boxes.coding import encoded
from keras_dl.boxes.losses import Sampled, head_losses, rpn_losses, sampled

GENERATOR = np.random.default_rng(0)
ANCHORS = random_boxes(60, seed=5)
BOXES = np.stack([[[5, 5, 40, 45], [50, 50, 90, 80], PAD], [PAD, PAD, PAD]]).astype("float32")
LABELS = np.array([[2, 0, -1], [-1, -1, -1]])
OBJECTNESS = GENERATOR.normal(size=(2, 60)).astype("float32")
DELTAS = GENERATOR.normal(size=(2, 60, 4)).astype("float32")
DRAWS = GENERATOR.uniform(size=(2, 60)).astype("float32")


def smooth(distance):
    distance = np.abs(distance)
    return np.where(distance < 1 / 9, 4.5 * distance**2, distance - 1 / 18).sum(axis=-1)


def test_losses_of_anchors_are_those_of_the_definition():
    matrix = np.array([[overlap(anchor, box) for box in BOXES[0, :2]] for anchor in ANCHORS])
    most, which = matrix.max(axis=1), matrix.argmax(axis=1)
    positive = (most >= 0.7) | (matrix == matrix.max(axis=0)).any(axis=1)
    negative = (most < 0.3) & ~positive
    assert positive.sum() >= 2 and 10 < negative.sum() < 60 - positive.sum()
    entropy = np.logaddexp(0, np.where([positive, np.zeros(60)], -OBJECTNESS, OBJECTNESS))
    targets = encoded(BOXES[0, which], ANCHORS).numpy()
    count = (positive | negative).sum() + 60
    expected = {
        "rpn_objectness": (entropy[0, positive | negative].sum() + entropy[1].sum()) / count,
        "rpn_boxes": smooth(DELTAS[0] - targets)[positive].sum() / count,
    }
    found = rpn_losses(OBJECTNESS, DELTAS, ANCHORS, BOXES, DRAWS)
    assert {name: pytest.approx(value, rel=1e-4) for name, value in expected.items()} == {
        name: float(value) for name, value in found.items()
    }


def test_pads_and_pictures_without_boxes_change_nothing_but_the_background():
    alone = rpn_losses(OBJECTNESS[1:], DELTAS[1:], ANCHORS, BOXES[1:], DRAWS[1:])
    assert float(alone["rpn_boxes"]) == 0
    assert float(alone["rpn_objectness"]) == pytest.approx(np.logaddexp(0, OBJECTNESS[1]).mean(), rel=1e-5)
    shorter = rpn_losses(OBJECTNESS, DELTAS, ANCHORS, BOXES[:, :2], DRAWS)
    longer = rpn_losses(OBJECTNESS, DELTAS, ANCHORS, BOXES, DRAWS)
    assert {name: float(value) for name, value in shorter.items()} == {n: float(v) for n, v in longer.items()}


def test_proposals_are_sampled_with_their_targets():
    proposals = np.concatenate([ANCHORS[None].repeat(2, 0), np.full((2, 5, 4), -1, "float32")], axis=1)
    draws = GENERATOR.uniform(size=(2, 68)).astype("float32")
    found = Sampled(*(x.numpy() for x in sampled(proposals, BOXES, LABELS, draws)))
    assert found.boxes.shape == (2, 68, 4)
    assert found.there.sum(axis=1).tolist() == [62, 60]  # the boxes themselves too, no pads
    assert not found.classes[1].any() and np.isfinite(found.deltas).all()
    np.testing.assert_array_equal(found.boxes[~found.there], np.full((14, 4), -1))
    for box, kind, delta in zip(found.boxes[0, :62], found.classes[0], found.deltas[0], strict=False):
        matrix = [overlap(box, true) for true in BOXES[0, :2]]
        best = int(np.argmax(matrix))
        assert kind == (LABELS[0, best] + 1 if matrix[best] >= 0.5 else 0)
        if kind:
            np.testing.assert_allclose(delta, encoded(BOXES[0, best], box, (10.0, 10.0, 5.0, 5.0)), atol=1e-4)
    assert {0, 1, 3} == set(found.classes[0])


def test_losses_of_the_head_are_those_of_the_definition():
    logits, deltas = (GENERATOR.normal(size=shape).astype("float32") for shape in ((2, 5, 4), (2, 5, 4, 4)))
    classes = np.array([[3, 1, 0, 0, 0], [2, 0, 0, 0, 0]], "int32")
    there = np.array([[True, True, True, True, False], [True, True, True, False, False]])
    targets = GENERATOR.normal(size=(2, 5, 4)).astype("float32")
    found = head_losses(logits, deltas, Sampled(None, classes, targets, there))
    entropy = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, classes[..., None], -1)[..., 0]
    assert float(found["head_classes"]) == pytest.approx(entropy[there].mean(), rel=1e-5)
    total = sum(
        smooth(deltas[place][classes[place]] - targets[place]) for place in zip(*np.nonzero(classes), strict=True)
    )
    assert float(found["head_boxes"]) == pytest.approx(total / 7, rel=1e-5)


def test_gradients_are_finite_without_a_single_box():
    objectness, deltas = tf.constant(OBJECTNESS), tf.constant(DELTAS)
    nothing = np.full((2, 3, 4), -1, "float32")
    with tf.GradientTape() as tape:
        tape.watch((objectness, deltas))
        losses = rpn_losses(objectness, deltas, ANCHORS, nothing, DRAWS)
        total = sum(losses.values())
    first, second = tape.gradient(total, (objectness, deltas))
    assert np.isfinite(first).all() and np.abs(first).max() > 0
    assert not np.any(tf.convert_to_tensor(second))
