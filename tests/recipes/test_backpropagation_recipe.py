import numpy as np
import pytest
from scipy.optimize import approx_fprime
from short_run import short_run

from keras_dl.errors import UsageError
from keras_dl.recipes.backpropagation import Backpropagation, delta_rule, loss, moved


def test_short_run(tmp_path):
    _, claims = short_run(Backpropagation(out=str(tmp_path), seeds=2, hidden=(3,), examples=4))
    assert len(claims) == 5 and all(claim.exact for claim in claims)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_delta_rule_is_the_derivative_that_scipy_finds(activation):
    generator = np.random.default_rng(0)
    weights = [(generator.normal(size=shape), generator.normal(size=shape[1])) for shape in ((4, 3), (3, 2))]
    x, target = generator.normal(size=(5, 4)), np.eye(2)[[0, 1, 1, 0, 1]]
    gradient = delta_rule(weights, x, target, activation)

    def of_changes(changes):
        there = weights
        for number, change in enumerate(changes):
            there = moved(there, number, change)
        return loss(there, x, target, activation)

    np.testing.assert_allclose(gradient, approx_fprime(np.zeros(len(gradient)), of_changes), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("inputs", 0, "inputs must be at least 1, got 0"),
        ("classes", 1, "classes must be at least 2, got 1"),
        ("hidden", (0,), "hidden must be at least 1, got 0"),
        ("activation", "relu", "unknown activation 'relu'"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        Backpropagation(**{option: value})
