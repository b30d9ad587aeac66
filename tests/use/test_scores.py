"""The scores of a classifier, by hand."""

import numpy as np
import pytest

from keras_dl.use.scores import BINS, calibration, calibration_error, scores, worst_mistakes

SHARES = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
TRUTH = np.array([0, 1, 1, 0])


def test_scores_by_hand():
    found = scores(SHARES, TRUTH, ("cat", "dog"))
    assert found["accuracy"] == 0.75
    assert found["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.2, 0.7, 0.6])))
    assert found["confusion"] == [[2, 0], [1, 1]]
    assert found["classes"]["cat"] == {"precision": 2 / 3, "recall": 1.0, "f1": pytest.approx(0.8), "examples": 2}
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["calibration_error"] == pytest.approx(np.mean([0.1, 0.8, 0.3, 0.4]))
    assert "top_5" not in found


def test_a_class_without_examples_counts_for_nothing():
    found = scores(np.array([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1]]), np.array([0, 1]), ("a", "b", "c"))
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["classes"]["c"]["examples"] == 0


def test_the_first_five_of_many_classes():
    shares = np.tile(np.linspace(0.3, 0.02, 6), (2, 1))
    assert scores(shares / shares.sum(axis=1, keepdims=True), np.array([4, 5]), tuple("abcdef"))["top_5"] == 0.5


def test_a_perfectly_calibrated_classifier_has_no_error():
    confident = np.array([[1.0, 0.0]] * 3 + [[0.5, 0.5]] * 2)
    bins = calibration(confident, np.array([0, 0, 0, 0, 1]))
    assert len(bins[0]) == 2 <= BINS
    assert calibration_error(*bins) == 0


def test_the_surest_mistakes_come_first():
    shares = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])
    labels = np.array([1, 1, 1, 0])
    assert worst_mistakes(shares, labels, 2).tolist() == [1, 3]
    assert worst_mistakes(shares, labels, 9).tolist() == [1, 3, 0]
