"""Equal error rates, pairs and triplets by their definitions, in plain numpy."""

import itertools

import numpy as np
import pytest

from keras_dl import UsageError
from keras_dl.data.drawn import Pairs
from keras_dl.learning.few_shot import accuracies
from keras_dl.learning.likeness import drawn_pairs, equal_error_rate, triplet_losses

GENERATOR = np.random.default_rng(0)


def test_the_equal_error_rate_is_that_of_a_fine_search():
    same = GENERATOR.random(4000) < 0.3
    likeness = GENERATOR.normal(size=4000) + 1.5 * same
    thresholds = np.linspace(-4, 6, 2001)
    missed = np.array([(likeness[same] < t).mean() for t in thresholds])
    taken = np.array([(likeness[~same] >= t).mean() for t in thresholds])
    closest = np.argmin(np.abs(missed - taken))
    found = equal_error_rate(likeness, same)
    assert found == pytest.approx((missed[closest] + taken[closest]) / 2, abs=2e-3)
    assert 0.2 < found < 0.25  # 0.2266 in the limit


@pytest.mark.parametrize(
    ("likeness", "same", "expected"),
    [
        ([3, 2, 1, 0], [1, 1, 0, 0], 0.0),
        ([0, 1, 2, 3], [1, 1, 0, 0], 1.0),
        ([1, 1, 1, 1], [1, 0, 1, 0], 0.5),
        ([3, 2, 1, 0], [1, 0, 1, 0], 0.5),
        ([5, 4, 3, 2, 1, 0], [1, 1, 0, 1, 0, 0], 1 / 3),
    ],
)
def test_equal_error_rates_of_few_pairs(likeness, same, expected):
    found = equal_error_rate(np.array(likeness, "float32"), np.array(same, bool))
    assert found == pytest.approx(expected, abs=1e-6)


def test_pairs_are_by_turns_of_one_class_and_of_two():
    labels = np.repeat([0, 1, 2], [3, 40, 5])
    pairs = Pairs(labels)
    assert pairs.size(31) == 28
    batch = pairs.batch(4000, 0, 1, 2)
    first, second = batch[::2], batch[1::2]
    assert (first != second).all()
    same = labels[first] == labels[second]
    np.testing.assert_array_equal(same, np.arange(2000) % 2 == 0)
    np.testing.assert_allclose(np.bincount(labels[first]) / 2000, 1 / 3, atol=0.05)  # whatever their sizes
    np.testing.assert_array_equal(batch, pairs.batch(4000, 0, 1, 2))
    assert (batch != pairs.batch(4000, 0, 1, 3)).any()


@pytest.mark.parametrize(
    ("labels", "words"),
    [([4, 4, 4], "pairs need examples of 2 classes or more, there is 1"), ([0, 0, 1], "2 examples or more of each")],
)
def test_pairs_that_cannot_be_drawn(labels, words):
    with pytest.raises(UsageError, match=words):
        Pairs(np.array(labels))
    with pytest.raises(UsageError, match="are 4 examples; batch_size=3 is less"):
        Pairs(np.array([0, 0, 1, 1])).size(3)


def test_measured_pairs_are_half_of_one_class():
    labels = GENERATOR.integers(0, 7, 300)
    first, second, same = drawn_pairs(labels)
    np.testing.assert_array_equal(same, labels[first] == labels[second])
    assert same.mean() == 0.5 and len(same) == 4000


def test_triplets_are_semi_hard():
    vectors = GENERATOR.normal(size=(12, 3)).astype("float32")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.arange(12) // 3
    losses, pairs = (np.array(found) for found in triplet_losses(vectors, labels, 0.2))
    squares = np.square(vectors[:, None] - vectors[None]).sum(axis=2)
    kinds = set()
    for a, p in itertools.product(range(12), repeat=2):
        assert pairs[a, p] == (a != p and labels[a] == labels[p])
        if pairs[a, p]:
            others = squares[a, labels != labels[a]]
            farther = others[others > squares[a, p]]
            kinds.add(len(farther) > 0)
            negative = farther.min() if len(farther) else others.max()
            assert losses[a, p] == pytest.approx(max(0, 0.2 + squares[a, p] - negative), abs=1e-5)
    assert kinds == {True, False}  # also where no negative is farther


def test_episodes_by_likeness_are_those_by_distance_for_one_example():
    labels = np.repeat(np.arange(6), 8)
    features = GENERATOR.normal(size=(48, 4)) + labels[:, None]
    size = {"ways": 4, "shots": 1, "queries": 3, "count": 20, "seed": 0}
    plain = accuracies(features, labels, **size)
    alike = accuracies(features, labels, **size, likeness=lambda a, b: -np.square(a - b).sum(axis=1))
    np.testing.assert_array_equal(alike, plain)
