"""The machine is its own distribution, enumerated."""

import itertools

import numpy as np
import pytest

from keras_dl import UsageError
from keras_dl.learning.rbm import RBM, train_rbm

VISIBLE, HIDDEN = (np.array(list(itertools.product((0.0, 1.0), repeat=n))) for n in (4, 3))


@pytest.fixture
def machine():
    generator = np.random.default_rng(0)
    return RBM(generator.normal(size=(4, 3)), generator.normal(size=4), generator.normal(size=3))


def weights_of_states(machine):
    """exp(-energy) of every visible and hidden state: (16, 8)."""
    by_visible, by_hidden = VISIBLE @ machine.visible_bias, HIDDEN @ machine.hidden_bias
    return np.exp(VISIBLE @ machine.weights @ HIDDEN.T + by_visible[:, None] + by_hidden)


def test_free_energy_and_conditionals_are_those_of_the_energy(machine):
    joint = weights_of_states(machine)
    np.testing.assert_allclose(np.exp(-machine.free_energy(VISIBLE)), joint.sum(axis=1))
    np.testing.assert_allclose(machine.hidden(VISIBLE), joint @ HIDDEN / joint.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(machine.visible(HIDDEN), joint.T @ VISIBLE / joint.sum(axis=0)[:, None])


def test_statistics_are_the_gradient_of_the_likelihood(machine):
    data = VISIBLE[[1, 3, 3, 12]]
    probability = weights_of_states(machine).sum(axis=1)
    probability /= probability.sum()

    def likelihood(machine):
        return np.mean(-machine.free_energy(data)) - np.log(weights_of_states(machine).sum())

    learned = machine.statistics(data)
    for name in ("weights", "visible_bias", "hidden_bias"):
        of_model = sum(
            p * getattr(machine.statistics(v[None]), name) for p, v in zip(probability, VISIBLE, strict=True)
        )
        gradient = getattr(learned, name) - of_model
        for place in np.ndindex(gradient.shape):
            moved = []
            for step in (1e-5, -1e-5):
                values = {key: getattr(machine, key).copy() for key in ("weights", "visible_bias", "hidden_bias")}
                values[name][place] += step
                moved.append(likelihood(RBM(**values)))
            assert gradient[place] == pytest.approx((moved[0] - moved[1]) / 2e-5, abs=1e-8)


def test_training_makes_the_data_likely():
    data = VISIBLE[[3, 12]].repeat(8, axis=0)
    machine = train_rbm(data, 3, steps=500, batch_size=16, seed=0)
    probability = weights_of_states(machine).sum(axis=1)
    assert probability[[3, 12]].sum() / probability.sum() > 0.6
    np.testing.assert_array_equal(machine.weights, train_rbm(data, 3, steps=500, batch_size=16, seed=0).weights)
    assert np.abs(machine.weights - train_rbm(data, 3, steps=500, batch_size=16, seed=1).weights).max() > 0.01


def test_values_that_are_no_probabilities():
    with pytest.raises(UsageError, match=r"visible units must be in 0..1, got 0 to 255"):
        train_rbm(np.array([[0.0, 255.0]]), 3, steps=1)
