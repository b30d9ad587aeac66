"""Boxes: overlaps, codes, anchors, matches, samples and suppression, each against plain numpy."""

import numpy as np
import pytest
import tensorflow as tf
from plain_boxes import PAD, overlap, random_boxes

from keras_dl.boxes import suppression
from keras_dl.boxes.anchors import anchors
from keras_dl.boxes.coding import LARGEST, decoded, encoded
from keras_dl.boxes.geometry import are_boxes, clipped, overlaps
from keras_dl.boxes.matching import match, sample
from keras_dl.boxes.suppression import strongest, surviving


def test_overlaps_are_intersection_over_union_and_those_of_pads_0():
    boxes, others = random_boxes(2, 5), random_boxes(2, 3, seed=1)
    expected = [[[overlap(a, b) for b in theirs] for a in ours] for ours, theirs in zip(boxes, others, strict=True)]
    np.testing.assert_allclose(overlaps(boxes, others), expected, rtol=1e-4, atol=1e-6)
    assert np.count_nonzero(expected) > 10
    np.testing.assert_array_equal(overlaps(np.float32([[PAD, PAD]]), others[:1]), np.zeros((1, 2, 3)))
    np.testing.assert_array_equal(overlaps(np.float32([[PAD]]), np.float32([[PAD]])), [[[0]]])


def test_what_is_coded_comes_back_and_growth_has_a_limit():
    boxes, bases, weights = random_boxes(7), random_boxes(7, seed=1), (10.0, 10.0, 5.0, 5.0)
    np.testing.assert_allclose(decoded(encoded(boxes, bases, weights), bases, weights), boxes, atol=1e-3)
    one = encoded(np.float32([[15, 20, 35, 60]]), np.float32([[0, 0, 10, 20]]))
    np.testing.assert_allclose(one, [[2, 1.5, np.log(2), np.log(2)]], rtol=1e-5)
    grown = decoded(np.float32([[0, 0, 50, 0]]), np.float32([[0, 0, 16, 16]]))
    np.testing.assert_allclose(grown, [[8 - 500, 0, 8 + 500, 16]], rtol=1e-5)
    assert np.log(1000 / 16) == LARGEST
    assert np.isfinite(encoded(np.float32(PAD), np.float32(PAD))).all()


def test_clipped_boxes_lie_in_the_picture_and_pads_are_none():
    boxes = np.float32([[-5, 3, 130, 50], [10, -20, 20, -10], PAD])
    cut = clipped(boxes, 40, 120).numpy()
    np.testing.assert_array_equal(cut, [[0, 3, 120, 40], [10, 0, 20, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(are_boxes(cut), [True, False, False])
    np.testing.assert_array_equal(are_boxes(boxes), [True, True, False])
    np.testing.assert_array_equal(are_boxes(np.float32([[0, 0, 0.5, 9]]), least=1), [False])


def test_anchors_stand_at_the_corners_of_positions_with_whole_edges():
    found = anchors((160, 96), [(40, 24), (3, 2)], [32, 512])
    assert found.shape == (3 * (40 * 24 + 3 * 2), 4)
    first = [[-23, -11, 23, 11], [-16, -16, 16, 16], [-11, -23, 11, 23]]
    np.testing.assert_array_equal(found[:3], first)
    np.testing.assert_array_equal(found[3:6], np.add(first, [4, 0, 4, 0]))
    np.testing.assert_array_equal(found[3 * 24 : 3 * 25], np.add(first, [0, 4, 0, 4]))
    second = found[3 * 40 * 24 :].reshape(3, 2, 3, 4)
    np.testing.assert_array_equal(second[0, 0, 1], [-256, -256, 256, 256])
    np.testing.assert_array_equal(second[2, 1] - second[0, 0], np.tile([48, 2 * 53, 48, 2 * 53], (3, 1)))


def test_a_match_is_the_box_of_most_overlap():
    matrix = np.float32([[0.8, 0.1], [0.5, 0.6], [0.2, 0.25], [0.0, 0.0], [0.1, 0.25]])
    found = match(matrix[None], np.array([[True, True]]), 0.3, 0.7)
    np.testing.assert_array_equal(found.which[0], [0, 1, 1, 0, 1])
    np.testing.assert_array_equal(found.positive[0], [True, False, False, False, False])
    np.testing.assert_array_equal(found.negative[0], [False, False, True, True, True])
    found = match(matrix[None], np.array([[True, True]]), 0.3, 0.7, best_too=True)
    np.testing.assert_array_equal(found.positive[0], [True, True, False, False, False])
    second = match(matrix[2:][None], np.array([[True, True]]), 0.3, 0.7, best_too=True)
    np.testing.assert_array_equal(second.positive[0], [True, False, True])
    np.testing.assert_array_equal(second.which[0][::2], [1, 1])
    np.testing.assert_array_equal(second.negative[0], [False, True, False])


def test_pads_match_nothing_and_without_boxes_all_is_background():
    matrix = np.float32([[[0.2, 0.9], [0.1, 0.8]]])
    found = match(matrix, np.array([[True, False]]), 0.3, 0.7, best_too=True)
    np.testing.assert_array_equal(found.positive, [[True, False]])
    np.testing.assert_array_equal(found.which, [[0, 0]])
    found = match(matrix, np.array([[False, False]]), 0.3, 0.7, best_too=True)
    assert not np.any(found.positive) and np.all(found.negative)


@pytest.mark.parametrize(("positives", "negatives"), [(3, 40), (30, 40), (30, 2), (0, 5), (0, 0), (3, 0)])
def test_a_sample_holds_as_many_of_either_kind_as_it_may(positives, negatives):
    kinds = np.random.default_rng(0).permutation([1] * positives + [-1] * negatives + [0] * 10)
    draws = np.random.default_rng(1).uniform(size=(1, len(kinds))).astype("float32")
    places, there = (x.numpy()[0] for x in sample((kinds == 1)[None], (kinds == -1)[None], draws, 16, 0.25))
    assert len(places) == min(16, len(kinds))
    chosen = places[there]
    assert len(set(chosen)) == len(chosen)
    taken = min(positives, 4)
    assert (kinds[chosen] == 1).sum() == taken
    assert (kinds[chosen] == -1).sum() == min(negatives, 16 - taken)
    assert not (kinds[chosen] == 0).any()
    best = sorted(draws[0, kinds == 1])[-taken:] if taken else []
    np.testing.assert_array_equal(sorted(draws[0, chosen[kinds[chosen] == 1]]), best)


def greedy(boxes, scores, threshold):
    """Non-maximum suppression by its definition."""
    kept = []
    for place in np.argsort(-scores, kind="stable"):
        if all(overlap(boxes[place], boxes[other]) <= threshold for other in kept):
            kept.append(place)
    return kept


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.7])
def test_surviving_boxes_are_those_of_the_definition(threshold, jit, monkeypatch):
    monkeypatch.setattr(suppression, "BLOCK", 64)
    boxes = random_boxes(3, 150, size=40)
    present = np.random.default_rng(2).uniform(size=(3, 150)) < 0.9
    found = tf.function(surviving, jit_compile=jit)(boxes, present, threshold).numpy()
    for mine, there, stays in zip(boxes, present, found, strict=True):
        places = np.flatnonzero(there)
        expected = places[greedy(mine[places], -np.arange(len(places)), threshold)]
        np.testing.assert_array_equal(np.flatnonzero(stays), expected)
    assert 0 < found.sum() < present.sum()
    assert not tf.function(surviving, jit_compile=jit)(boxes, np.zeros_like(present), threshold).numpy().any()


@pytest.mark.parametrize("jit", [False, True])
def test_the_strongest_of_each_group_are_those_of_the_definition(jit):
    boxes, generator = random_boxes(2, 120, size=40), np.random.default_rng(3)
    scores = generator.uniform(size=(2, 120)).astype("float32") * (generator.uniform(size=(2, 120)) < 0.8)
    groups = np.arange(120, dtype="int32") % 3
    places, found = tf.function(strongest, jit_compile=jit)(boxes, scores, groups, 0.3, 100)
    for row in range(2):
        kept = []
        for group in range(3):
            mine = np.flatnonzero((groups == group) & (scores[row] > 0))
            kept += [*mine[greedy(boxes[row, mine], scores[row, mine], 0.3)]]
        expected = sorted(kept, key=lambda place: -scores[row, place])[:100]
        np.testing.assert_array_equal(places[row][found[row]], expected)
        assert 10 < len(expected) < 80
    few, _ = strongest(boxes, scores, groups, 0.3, 5)
    np.testing.assert_array_equal(few, places[:, :5])
