"""Whitening takes the ravine out of a linear model's loss; the closed form is gradient descent itself."""

import numpy as np
import pytest
from short_run import short_run

from keras_dl import UsageError
from keras_dl.recipes.input_preparation import InputPreparation, descent


def test_prepared_inputs_need_fewer_steps(tmp_path):
    results, claims = short_run(InputPreparation(out=str(tmp_path), seeds=1))
    assert all(claim.held for claim in claims), "all of it is exact arithmetic on the same digits"
    assert results.values("condition", inputs="zca") == pytest.approx(1, abs=0.01)


def test_closed_form_is_gradient_descent():
    generator = np.random.default_rng(0)
    rows, targets, start = (generator.normal(size=size) for size in ((30, 3), (30, 2), (4, 2)))
    rows *= [1, 3, 0.5]
    inputs = np.column_stack([rows, np.ones(30)])
    steps = np.array([0, 1, 2, 10])
    eigenvalues, errors = descent(rows, targets, start, steps)
    hessian = inputs.T @ inputs / 30
    np.testing.assert_allclose(eigenvalues, np.linalg.eigvalsh(hessian)[::-1])

    def loss(weights):
        return np.square(inputs @ weights - targets).sum()

    least = loss(np.linalg.lstsq(inputs, targets)[0])
    weights, found = start, []
    for step in range(11):
        if step in steps:
            found.append((loss(weights) - least) / (loss(start) - least))
        weights = weights - inputs.T @ (inputs @ weights - targets) / 30 / eigenvalues[0]
    np.testing.assert_allclose(errors, found, rtol=1e-6)


def test_tolerance_must_be_a_part():
    with pytest.raises(UsageError, match="tolerance must be above 0 and below 1, got 1"):
        InputPreparation(tolerance=1.0)
