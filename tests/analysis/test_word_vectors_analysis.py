"""Counts of words near each other, their mutual information, analogies and likeness, each by its definition."""

import numpy as np
import pytest

from keras_dl.analysis import word_vectors as analysis


def test_near_words_are_counted_by_their_distance():
    text = [1, 2, 3, 1]
    windows = np.array([[*([0] * (3 - place)), *text, *([0] * place)][:7] for place in range(4)])
    counts = analysis.together(windows, 4, 2)
    expected = np.zeros((4, 4))
    for one in range(4):
        for other in range(4):
            if 0 < abs(one - other) <= 2:
                expected[text[one], text[other]] += (3 - abs(one - other)) / 2
    np.testing.assert_allclose(counts, expected)


def test_mutual_information_is_that_of_the_definition():
    counts = np.random.default_rng(0).integers(0, 9, (5, 5)).astype(float)
    found = analysis.mutual_information(counts)
    contexts = counts.sum(axis=0) ** 0.75 / (counts.sum(axis=0) ** 0.75).sum()
    for word in range(5):
        for context in range(5):
            share = counts[word, context] / counts[word].sum()
            expected = np.log(share / contexts[context]) if share else -np.inf
            assert found[word, context] == pytest.approx(expected)
    positive = np.maximum(found, 0)
    vectors = analysis.counted_vectors(counts, 4)
    left, values, _ = np.linalg.svd(positive)
    np.testing.assert_allclose(vectors @ vectors.T, (left[:, :4] * values[:4]) @ left[:, :4].T, atol=1e-8)


def test_an_analogy_is_the_nearest_of_the_other_words():
    vectors = np.array([[0, 0, 1], [1, 0, 0.2], [1, 1, 0.2], [0.1, 0, 1], [0.1, 1.2, 1.0], [-1, 0, 0]], float)
    questions = np.array([[1, 2, 3, 4], [1, 2, 3, 5]])
    np.testing.assert_array_equal(analysis.analogies(vectors, questions), [True, False])
    pairs = np.array([[0, 3], [1, 2], [1, 5]])
    assert analysis.likeness(vectors, pairs, np.array([9.0, 5.0, 1.0])) == pytest.approx(1)
    assert analysis.likeness(vectors, pairs, np.array([1.0, 5.0, 9.0])) == pytest.approx(-1)
