"""A linear probe reads what a line can part, whatever the units, and nothing else."""

import numpy as np
import pytest

from keras_dl import get_config
from keras_dl.analysis.probe import features, linear_probe

generator = np.random.default_rng(0)
X, UNSEEN = generator.normal(size=(2, 200, 2))


def test_reads_what_a_line_parts_whatever_its_units():
    labels, answers = ((x.sum(axis=1) > 0).astype(int) for x in (X, UNSEEN))
    units = np.array([1e-4, 1e3])
    found = linear_probe(X, labels, UNSEEN, answers)
    assert found > 0.95
    assert linear_probe(units * X, labels, units * UNSEEN, answers) == found
    assert linear_probe(X, labels, UNSEEN, 1 - answers) == pytest.approx(1 - found)


def test_does_not_read_what_only_a_curve_parts():
    labels, answers = ((x.prod(axis=1) > 0).astype(int) for x in (X, UNSEEN))
    assert 0.3 < linear_probe(X, labels, UNSEEN, answers) < 0.7
    assert linear_probe(np.c_[X, X.prod(axis=1)], labels, np.c_[UNSEEN, UNSEEN.prod(axis=1)], answers) > 0.9


def test_features_come_in_order_and_without_dropout():
    model = get_config("mlp", input_shape=(2,), hidden=(8,), dropout=0.5, classes=3).build()
    inputs = generator.normal(size=(1500, 2)).astype("float32")
    found = features(model, inputs)
    assert found.shape == (1500, 3)
    np.testing.assert_allclose(found[::100], model(inputs[::100], training=False), atol=1e-5)
