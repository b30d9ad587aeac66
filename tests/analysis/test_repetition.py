"""Runs that stood there before and pairs that differ are counted by hand."""

import numpy as np
import pytest

from keras_dl.analysis.repetition import different, repeated


def test_repeated_runs():
    assert repeated(np.arange(10), 4) == 0
    assert repeated(np.zeros(10, int), 4) == pytest.approx(6 / 7)
    assert repeated(np.array([1, 2, 3, 1, 2, 3, 1]), 3) == pytest.approx(2 / 5)


def test_different_pairs_within_and_between_texts():
    assert different(np.array([[1, 2, 3], [1, 2, 4]])) == pytest.approx(3 / 4)
    assert different(np.zeros((5, 3), int)) == pytest.approx(1 / 10)
    assert different(np.arange(12).reshape(3, 4)) == 1
