"""The contrastive loss and its two measures against plain definitions."""

import itertools

import numpy as np
import pytest

from keras_dl.learning.contrastive import alignment, nt_xent, uniformity

VIEWS = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
UNIT = VIEWS / np.linalg.norm(VIEWS, axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_each_view_looks_for_its_partner_among_all_others(temperature):
    losses = []
    for i in range(8):
        scores = {k: np.exp(UNIT[i] @ UNIT[k] / temperature) for k in range(8) if k != i}
        losses.append(-np.log(scores[(i + 4) % 8] / sum(scores.values())))
    assert float(nt_xent(VIEWS, temperature)) == pytest.approx(np.mean(losses), rel=1e-5)


def test_hard_views_count_more_by_the_definition_of_robinson():
    """Equation 4 of the paper, in its own terms: e^(s/t), weights e^(beta s/t) over their mean."""
    temperature, beta, losses = 0.5, 0.7, []
    for i in range(8):
        alike = {k: np.exp(UNIT[i] @ UNIT[k] / temperature) for k in range(8) if k != i}
        partner = alike.pop((i + 4) % 8)
        others = np.array([*alike.values()])
        weights = others**beta / np.mean(others**beta)
        losses.append(-np.log(partner / (partner + np.sum(weights * others))))
    assert float(nt_xent(VIEWS, temperature, beta)) == pytest.approx(np.mean(losses), rel=1e-5)
    assert float(nt_xent(VIEWS, temperature, 1e-6)) == pytest.approx(float(nt_xent(VIEWS, temperature)), rel=1e-4)


def test_alignment_and_uniformity_are_those_of_wang_and_isola():
    distances = [np.sum((UNIT[i] - UNIT[i + 4]) ** 2) for i in range(4)]
    assert float(alignment(VIEWS)) == pytest.approx(np.mean(distances), rel=1e-5)
    kernel = [np.exp(-2 * np.sum((a - b) ** 2)) for a, b in itertools.combinations(UNIT, 2)]
    assert float(uniformity(VIEWS)) == pytest.approx(np.log(np.mean(kernel)), rel=1e-5)


def test_one_point_is_aligned_and_not_uniform():
    point = np.tile(VIEWS[:1], (6, 1))
    assert float(alignment(point)) == pytest.approx(0, abs=1e-6)
    assert float(uniformity(point)) == pytest.approx(0, abs=1e-5)
    assert float(nt_xent(point)) == pytest.approx(np.log(5), rel=1e-5)
