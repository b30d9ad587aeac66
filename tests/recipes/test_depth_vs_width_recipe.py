"""Depth against width: networks keep their budgets, and the target is the composed function that it says."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.depth_vs_width import DepthVsWidth, composed

SHORT = {"budgets": (1000,), "depths": (1, 3), "steps": 20, "examples": (200, 400, 800), "composed_steps": 10}


def test_the_short_run(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_dl.recipes.depth_vs_width.UNITS", (1, 2))
    results, claims = short_run(DepthVsWidth(out=str(tmp_path), seeds=1, **SHORT))
    assert claims[0].exact and 0 < claims[0].measured[0] <= 5
    assert results.mean("parameters", network="tree", units=2, examples=400) == 56
    assert results.mean("parameters", network="shallow", units=2, examples=400) == 140
    assert results.values("error", network="fixed", units=2)[0] < 1.1


def test_the_composed_function():
    def h(a, b):
        return np.tanh(2 * a * b + a - b)

    x = np.random.default_rng(0).uniform(-1, 1, (50, 8))
    a, b, c, d, e, f, g, i = x.T
    expected = h(h(h(a, b), h(c, d)), h(h(e, f), h(g, i)))
    np.testing.assert_allclose(composed(x)[:, 0], expected)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("depths", (4, 2), r"depths must be two or more growing numbers, got \(4, 2\)"),
        ("budgets", (), "budgets must be one number or more"),
        ("examples", (50, 200, 300), "examples must be (three from 100|two or more growing numbers)"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0 and finite, got 0.0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        DepthVsWidth(**{option: value})


def test_a_budget_that_no_width_meets_is_refused():
    with pytest.raises(UsageError, match="no network of 7 hidden layers is near 500 parameters, the nearest has 565"):
        DepthVsWidth(budgets=(500,), depths=(7, 8)).cells()
