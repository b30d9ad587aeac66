"""A linear probe reads what a line can part, whatever the units, and nothing else."""

import numpy as np
import pytest

from keras_dl import get_config
from keras_dl.data import load
from keras_dl.learning.probe import linear_probe, outputs, probed

generator = np.random.default_rng(0)
X, UNSEEN = generator.normal(size=(2, 200, 2))


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def network(digits):
    return get_config("mlp", hidden=(8,), dropout=0.5).for_data(digits.spec).build()


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


def test_outputs_come_in_order_and_without_dropout(digits, network):
    found = outputs(network, digits.train)
    assert found.shape == (len(digits.train), 10)
    np.testing.assert_allclose(
        found[::100], network(digits.train.inputs()[::100], training=False), rtol=1e-4, atol=1e-4
    )


def test_a_probe_knows_half_of_each_class_in_whatever_order_they_come(digits, network):
    by_class = digits.test.take(np.argsort(digits.test.labels, kind="stable"))
    found, expected = (probed(network, None, split)["linear_probe"] for split in (by_class, digits.test))
    assert 0.5 < found <= 1
    assert found == pytest.approx(expected, abs=1e-6)


def test_labels_of_one_class_tell_nothing(digits, network):
    labels = np.full(len(digits.test), 3)
    assert probed(network, None, digits.test.with_labels(labels)) == {}
    labels[:4] = -1
    assert probed(network, None, digits.test.with_labels(labels)) == {}
