"""The partition function and likelihoods of small machines, against the sums over all their states."""

import itertools

import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp

from keras_dl.layers.boltzmann_machine import Machine
from keras_dl.learning.partition import annealed, enumerated, log_likelihood, log_partition


def machine(sizes, scale=1.0):
    generator = np.random.default_rng(0)
    kernels = [ops.convert_to_tensor(scale * generator.normal(size=pair)) for pair in itertools.pairwise(sizes)]
    return Machine(kernels, [ops.convert_to_tensor(generator.normal(size=size)) for size in sizes])


def by_brute_force(found):
    """Minus the energy of every state of all units, and the visible states."""
    sizes = [bias.shape[0] for bias in found.biases]
    states = np.array([*itertools.product((0.0, 1.0), repeat=sum(sizes))])
    parts = np.split(states, np.cumsum(sizes)[:-1], axis=1)
    minus = sum(part @ np.array(bias) for part, bias in zip(parts, found.biases, strict=True))
    for (below, above), kernel in zip(itertools.pairwise(parts), found.kernels, strict=True):
        minus = minus + np.sum(below @ np.array(kernel) * above, axis=1)
    return minus, parts[0]


@pytest.mark.parametrize("sizes", [(4, 3), (3, 5), (4, 3, 2), (2, 3, 2, 3)])
def test_enumeration_is_the_sum_over_all_states(sizes):
    minus, _ = by_brute_force(machine(sizes))
    assert enumerated(machine(sizes)) == pytest.approx(logsumexp(minus), abs=1e-12)


@pytest.mark.parametrize("sizes", [(8, 6), (6, 5, 4)])
def test_annealing_comes_near_it(sizes):
    found = machine(sizes, 1.5)
    exact = enumerated(found)
    independent = sum(float(ops.sum(ops.softplus(bias))) for bias in found.biases)
    assert abs(independent - exact) > 2
    assert annealed(found, chains=100, temperatures=100) == pytest.approx(exact, abs=0.1)


def test_small_machines_are_enumerated_and_large_ones_not(monkeypatch):
    monkeypatch.setattr("keras_dl.learning.partition.annealed", lambda found: "annealed")
    assert log_partition(machine((40, 3))) == enumerated(machine((40, 3)))
    assert log_partition(machine((18, 17))) == "annealed"


def test_likelihoods_are_exact_for_one_hidden_layer_and_bounds_for_more():
    for sizes in ((4, 3), (4, 3, 2)):
        found = machine(sizes)
        minus, visible = by_brute_force(found)
        states = np.array([*itertools.product((0.0, 1.0), repeat=4)])
        exact = [logsumexp(minus[np.all(visible == state, axis=1)]) - logsumexp(minus) for state in states]
        bound = log_likelihood(found, states, rounds=50)
        if len(sizes) == 2:
            np.testing.assert_allclose(bound, exact, atol=1e-12)
        else:
            assert np.all(bound < exact) and np.all(bound > np.array(exact) - 0.5)
