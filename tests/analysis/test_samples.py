"""Scores of made pictures by features, against what they must be where the answer is known."""

import numpy as np
import pytest

from keras_dl.analysis.samples import class_entropy, kernel_distance, precision_and_recall

GENERATOR = np.random.default_rng(0)


def test_the_entropy_is_largest_where_all_classes_are_as_frequent():
    assert class_entropy(np.arange(100) % 10, 10) == pytest.approx(np.log(10))
    assert class_entropy(np.full(9, 3), 10) == 0
    assert class_entropy(np.array([0, 0, 0, 1]), 2) == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))


def test_precision_falls_with_strange_pictures_and_recall_with_missing_ones():
    real = np.concatenate([GENERATOR.normal(size=(200, 2)), GENERATOR.normal(size=(200, 2)) + 100])
    again = np.concatenate([GENERATOR.normal(size=(200, 2)), GENERATOR.normal(size=(200, 2)) + 100])
    assert min(precision_and_recall(real, again)) > 0.9
    precision, recall = precision_and_recall(real, again[:200])
    assert precision > 0.9 and 0.4 < recall < 0.55
    precision, recall = precision_and_recall(real, np.concatenate([again, GENERATOR.normal(size=(400, 2)) - 100]))
    assert 0.4 < precision < 0.55 and recall > 0.9


def test_neighbours_are_counted_as_in_the_paper():
    real, made = np.array([[0.0], [1.0], [3.0]]), np.array([[1.5], [5.5]])
    assert precision_and_recall(real, made, neighbours=1) == (0.5, 1.0)


def test_the_kernel_distance_is_that_of_the_paper_and_without_a_bias():
    real, made = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(4, 3))

    def kernel(x, y):
        return (x @ y / 3 + 1) ** 3

    pairs = [kernel(real[i], real[j]) for i in range(5) for j in range(5) if i != j]
    others = [kernel(made[i], made[j]) for i in range(4) for j in range(4) if i != j]
    between = [kernel(x, y) for x in real for y in made]
    assert kernel_distance(real, made) == pytest.approx(np.mean(pairs) + np.mean(others) - 2 * np.mean(between))
    found = [kernel_distance(*GENERATOR.normal(size=(2, 40, 3))) for _ in range(400)]
    assert np.mean(found) == pytest.approx(0, abs=4 * np.std(found) / 20)
    assert kernel_distance(GENERATOR.normal(size=(200, 3)), GENERATOR.normal(size=(200, 3)) + 1) > 1
