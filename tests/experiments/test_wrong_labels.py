"""So many labels are wrong, by any other class, and the generator decides which."""

import numpy as np
import pytest

from keras_dl.experiments.wrong_labels import with_wrong_labels


def test_so_many_labels_are_wrong():
    labels = np.arange(5000) % 4
    found = with_wrong_labels(labels, 4, 0.3, np.random.default_rng(0))
    assert np.mean(found != labels) == pytest.approx(0.3, abs=0.03)
    counts = np.bincount((found - labels) % 4, minlength=4)[1:]
    assert len(counts) == 3 and counts.min() > 0.8 * counts.max()
    np.testing.assert_array_equal(found, with_wrong_labels(labels, 4, 0.3, np.random.default_rng(0)))
    np.testing.assert_array_equal(with_wrong_labels(labels, 4, 0.0, np.random.default_rng(0)), labels)
