"""Machines against their own distribution, enumerated, and against scikit-learn's."""

import itertools

import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp
from sklearn.neural_network import BernoulliRBM

from keras_dl.layers import BoltzmannMachine
from keras_dl.layers.boltzmann_machine import Machine

SIZES = (4, 3, 2)
STATES = [np.array([*itertools.product((0.0, 1.0), repeat=size)]) for size in SIZES]


def machine(sizes=SIZES, choice=0, scale=1.0):
    generator = np.random.default_rng(0)
    kernels = [ops.convert_to_tensor(scale * generator.normal(size=pair)) for pair in itertools.pairwise(sizes)]
    return Machine(kernels, [ops.convert_to_tensor(generator.normal(size=size)) for size in sizes], choice)


def all_states():
    """Every state of all layers, (512, units) each, and minus its energy for `machine()`."""
    rows = np.array([*itertools.product(*map(range, map(len, STATES)))])
    states = [layer[rows[:, place]] for place, layer in enumerate(STATES)]
    found = machine()
    minus = sum(states[place] @ np.array(bias) for place, bias in enumerate(found.biases))
    for place, kernel in enumerate(found.kernels):
        minus = minus + np.einsum("ni,ij,nj->n", states[place], np.array(kernel), states[place + 1])
    return states, minus


def test_free_energies_are_those_of_the_sum_over_the_other_layers():
    states, minus = all_states()
    for places in ((0, 2), (1,)):
        known = {place: states[place] for place in places}
        found = np.array(machine().free_energy(known))
        keys = [tuple(np.concatenate([known[place][row] for place in places])) for row in range(len(minus))]
        for key in set(keys):
            rows = [row for row, other in enumerate(keys) if other == key]
            assert found[rows[0]] == pytest.approx(-logsumexp(minus[rows]), abs=1e-12)


def test_conditionals_are_those_of_the_distribution():
    states, minus = all_states()
    shares = np.exp(minus - logsumexp(minus))
    given = {0: STATES[0][[5]], 2: STATES[2][[1]]}
    rows = np.all(states[0] == given[0], axis=1) & np.all(states[2] == given[2], axis=1)
    expected = shares[rows] @ states[1][rows] / shares[rows].sum()
    np.testing.assert_allclose(machine().probabilities(given, 1)[0], expected, atol=1e-12)


def test_chains_come_to_the_distribution():
    found, generator = machine(scale=0.5), np.random.default_rng(0)
    even = {place: np.zeros((20_000, SIZES[place])) for place in (0, 2)}
    for _ in range(30):
        even = found.chain(even, {place: generator.random((20_000, size)) for place, size in enumerate(SIZES)})
    energies = np.array(found.free_energy({0: np.repeat(STATES[0], 4, axis=0), 2: np.tile(STATES[2], (16, 1))}))
    expected = np.exp(-energies - logsumexp(-energies)).reshape(16, 4).sum(axis=1)
    visible = np.array(even[0]) @ [8, 4, 2, 1]
    np.testing.assert_allclose(np.bincount(visible.astype(int), minlength=16) / 20_000, expected, atol=0.01)


def test_of_a_choice_exactly_one_unit_is_drawn():
    found = machine((5, 3), choice=2)
    hidden = {1: STATES[1]}
    probabilities = np.array(found.probabilities(hidden, 0))
    np.testing.assert_allclose(probabilities[:, 3:].sum(axis=1), 1)
    logits = np.array(found.logits(hidden, 0))
    np.testing.assert_allclose(np.log(probabilities[:, 3] / probabilities[:, 4]), logits[:, 3] - logits[:, 4])
    generator = np.random.default_rng(0)
    often = {1: np.repeat(STATES[1], 4000, axis=0)}
    drawn = np.array(found.drawn(often, 0, generator.random((32_000, 5)))).reshape(8, 4000, 5).mean(axis=1)
    np.testing.assert_allclose(drawn, probabilities, atol=0.03)
    np.testing.assert_allclose(drawn[:, 3:].sum(axis=1), 1)
    one = np.eye(2)[[0] * 8]
    visible = np.concatenate([STATES[1], one], axis=1)
    expected = -np.log(np.where(visible == 1, probabilities, np.where(np.arange(5) < 3, 1 - probabilities, 1)))
    np.testing.assert_allclose(found.surprise(visible, hidden[1]), expected.sum(axis=1))


def test_the_mean_field_is_a_fixed_point():
    found = machine()
    states = found.inferred(STATES[0], 200)
    for place in (1, 2):
        np.testing.assert_allclose(found.probabilities(states, place), states[place], atol=1e-6)


def test_a_restricted_machine_is_that_of_scikit_learn():
    found, x = machine((6, 4)), np.random.default_rng(1).random((7, 6))
    theirs = BernoulliRBM(4)
    theirs.components_ = np.array(found.kernels[0]).T
    theirs.intercept_visible_, theirs.intercept_hidden_ = (np.array(bias) for bias in found.biases)
    np.testing.assert_allclose(found.inferred(x, 1)[1], theirs.transform(x), atol=1e-14)
    np.testing.assert_allclose(found.free_energy({0: x}), theirs._free_energy(x), atol=1e-12)


def test_the_layer_gives_what_the_machine_does():
    layer = BoltzmannMachine((3, 2), rounds=4)
    x = np.random.default_rng(0).random((5, 4)).astype("float32")
    layer(x)
    for variable in layer.weights:
        variable.assign(np.random.default_rng(len(variable.name)).normal(size=variable.shape))
    *hidden, visible = layer(x)
    expected = layer.machine.inferred(x, 4)
    for place, states in enumerate(hidden, start=1):
        np.testing.assert_allclose(states, expected[place], rtol=1e-6)
    np.testing.assert_allclose(visible, layer.machine.logits({1: expected[1]}, 0), rtol=1e-6)
    assert BoltzmannMachine.from_config(layer.get_config()).units == (3, 2)
    kernels = 4 * 3 + 3 * 2
    assert layer.multiply_adds(None) == kernels + 4 * (2 * kernels - 12) + 12
