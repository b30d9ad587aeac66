"""How likely a Boltzmann machine finds data: its partition function, exactly or by annealed importance sampling.

Neal, "Annealed importance sampling", Statistics and Computing 11, 2001; Salakhutdinov & Murray, "On the quantitative
analysis of deep belief networks", ICML 2008, section 3.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special

from keras_dl.lazy import keras
from keras_dl.learning.energy import walked

if TYPE_CHECKING:
    from keras_dl.layers.boltzmann_machine import Machine

ops = keras.ops
ENUMERATED = 16
"""units at most whose states are all added up"""


def log_partition(machine: Machine) -> float:
    """The logarithm of the sum of exp(-energy) over all states, exact where every second layer has few units."""
    few = min(_units(machine, 0), _units(machine, 1))
    return enumerated(machine) if few <= ENUMERATED else annealed(machine)


def enumerated(machine: Machine) -> float:
    """The logarithm of the partition function, by all states of the layers 0, 2, .. or of the others."""
    first = min((0, 1), key=lambda first: _units(machine, first))
    places = machine.places[first::2]
    states = np.array([*itertools.product((0, 1), repeat=_units(machine, first))])
    ends = np.cumsum([machine.biases[place].shape[0] for place in places])[:-1]
    parts = [ops.cast(part, machine.biases[0].dtype) for part in np.split(states, ends, axis=1)]
    energies = machine.free_energy(dict(zip(places, parts, strict=True)))
    return float(scipy.special.logsumexp(-ops.convert_to_numpy(energies).astype("float64")))


def annealed(machine: Machine, *, chains: int = 100, temperatures: int = 1000, seed: int = 0) -> float:
    """An estimate of it, unbiased before the logarithm, by `chains` that go from independent units to the machine.

    Their `temperatures` rise in equal steps of the inverse. Where chains are too few or too fast they miss states, and
    the estimate is too low: what is likely then seems to be likelier.
    """
    noise = keras.random.SeedGenerator(seed)

    def uniform(shape):
        return keras.random.uniform(shape, dtype=machine.biases[0].dtype, seed=noise)

    def cooled(share):
        return dataclasses.replace(machine, kernels=[share * kernel for kernel in machine.kernels])

    def begun(place):
        bias = machine.biases[place]
        return ops.cast(uniform((chains, bias.shape[0])) < ops.sigmoid(bias), bias.dtype)

    even = {place: begun(place) for place in machine.places[::2]}
    weights = np.zeros(chains)
    for share, warmer in itertools.pairwise(np.linspace(0, 1, temperatures + 1)):
        before, after = (ops.convert_to_numpy(cooled(at).free_energy(even)) for at in (share, warmer))
        weights += before.astype("float64") - after
        even = walked(cooled(warmer), even, 1, uniform)
    base = sum(float(ops.sum(ops.softplus(bias))) for bias in machine.biases)
    return base + float(scipy.special.logsumexp(weights)) - np.log(chains)


def log_likelihood(machine: Machine, visible: Any, rounds: int) -> np.ndarray:
    """How likely the machine finds `visible` states (n, units), in nats: (n,). Of a deep one it is a lower bound.

    The bound is that of the mean field, up to the error of the partition function.
    """
    states = {place: found for place, found in machine.inferred(visible, rounds).items() if place % 2 == 0}
    bound = -machine.free_energy(states)
    for place in machine.places[2::2]:
        bound += ops.convert_to_numpy(ops.sum(_entropy(states[place]), axis=-1))
    return ops.convert_to_numpy(bound) - log_partition(machine)


def _entropy(shares):
    """Of units that are 1 with the probabilities `shares`, in nats each."""
    shares = ops.clip(shares, 1e-7, 1 - 1e-7)
    return -(shares * ops.log(shares) + (1 - shares) * ops.log(1 - shares))


def _units(machine: Machine, first: int) -> int:
    """How many units stand in every second layer from `first` on."""
    return sum(bias.shape[0] for bias in machine.biases[first::2])
