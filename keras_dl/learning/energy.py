"""What learns the distribution of the data as a Boltzmann machine has it.

Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14, 2002 (chains that
begin at the data); Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood gradient",
ICML 2008 (chains that go on from step to step); Salakhutdinov & Hinton, "Deep Boltzmann Machines", AISTATS 2009,
section 3.1 (the mean field of the data beside such chains).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner, weighted_mean

if TYPE_CHECKING:
    from keras_dl.data import Split
    from keras_dl.layers.boltzmann_machine import Machine

ops = keras.ops
BEGUN = 2000
"""examples at most whose mean the visible units begin at"""


def begin_visible(bias: keras.Variable, model: keras.Model, split: Split) -> None:
    """Let the visible units of a machine begin as often at 1 as what `model` makes of `split`, where `bias` is 0.

    Otherwise the weights learn it, and what the machine makes of noise stays noise (Hinton 2010, section 8.1).
    """
    if np.any(ops.convert_to_numpy(bias)):
        return
    places = np.linspace(0, len(split) - 1, min(BEGUN, len(split))).astype(int)
    shares = ops.convert_to_numpy(model(split.take(places).inputs())).mean(axis=0).clip(0.01, 0.99)
    bias.assign(np.log(shares / (1 - shares)))


def gap(machine: Machine, data: dict[int, Any], dreamed: dict[int, Any], weights: Any, of_dreams: Any):
    """How much higher the mean free energy of `data` is than that of what the machine made, both by even layer.

    States stand still: so its gradient is minus the statistics of the data, and those of the chains, <v h>, more. Means
    are by `weights` (batch,) of the data and `of_dreams`, where they are given.
    """
    data, dreamed = ({place: ops.stop_gradient(states) for place, states in of.items()} for of in (data, dreamed))
    dreams = weighted_mean(machine.free_energy(dreamed), of_dreams)
    return weighted_mean(machine.free_energy(data), weights) - dreams


def walked(machine: Machine, even: dict[int, Any], steps: int, uniform: Callable[[tuple], Any]) -> dict[int, Any]:
    """Chains that began at `even`, after so many `steps` of Gibbs sampling by noise `uniform(shape)` in 0..1."""
    count = ops.shape(even[0])[0]
    for _ in range(steps):
        noise = {place: uniform((count, machine.biases[place].shape[0])) for place in machine.places}
        even = machine.chain(even, noise)
    return even


class Chains(keras.layers.Layer):
    """Chains of a machine, states of even layers with so many units by place, that each training step takes further.

    With `persistent` as many as a full batch has examples, `count`, go on from step to step, as variables; otherwise
    each begins at an example. `seed` begins the random numbers.
    """

    def __init__(self, sizes: dict[int, int], count: int, persistent: bool, steps: int, seed: int):
        super().__init__(name="chains")
        self.count, self.steps = count, steps
        self.noise = keras.random.SeedGenerator(seed)
        self.states = {
            place: self.add_weight(shape=(count, size), initializer="zeros", trainable=False, name=f"states{place}")
            for place, size in (sizes if persistent else {}).items()
        }

    def gap(self, machine: Machine, data: dict[int, Any], weights: Any, training: bool):
        """The `gap` from `data` to the next states of the chains; in evaluation to what is made again of `data`.

        In training a batch that is not full counts by its share, lest its few examples make a whole step.
        """
        if not training:
            return gap(machine, data, made_again(machine, data), weights, weights)
        examples = ops.shape(data[0])[0] if weights is None else ops.sum(weights)
        share = ops.minimum(ops.cast(examples, "float32") / self.count, 1.0)
        if not self.states:
            return share * gap(machine, data, walked(machine, data, self.steps, self._uniform), weights, weights)
        begun = {place: ops.convert_to_tensor(states) for place, states in self.states.items()}
        ends = walked(machine, begun, self.steps, self._uniform)
        for place, states in self.states.items():
            states.assign(ends[place])
        return share * gap(machine, data, ends, weights, None)

    def _uniform(self, shape: tuple):
        return keras.random.uniform(shape, dtype="float32", seed=self.noise)


def made_again(machine: Machine, data: dict[int, Any]) -> dict[int, Any]:
    """`data` by even layer, with the visible units as the machine makes them of the first hidden ones."""
    hidden = machine.probabilities(data, 1)
    return {**data, 0: machine.probabilities({1: hidden}, 0)}


class ContrastiveDivergence(Learner):
    """Trains a `network` with a layer "machine", of `keras_dl.layers.BoltzmannMachine`, by `steps` of its chains.

    The loss is the `gap` of free energies, which falls where the machine makes what is like the data and is no measure
    of how good it is. "reconstruction" is the cross-entropy, in nats, of the input made again from the first hidden
    layer, "free_energy" that of the data. With `persistent` as many chains as `batch_size` go on from step to step and
    are variables; otherwise each begins at an example. In evaluation nothing is drawn: the gap is to the input made
    again.
    """

    losses_named = ("energy_gap",)
    logged = ("reconstruction", "free_energy")

    def __init__(self, network: keras.Model, steps: int, persistent: bool, batch_size: int, seed: int):
        super().__init__(network)
        self.layer = network.get_layer("machine")
        self.visible = keras.Model(network.input, self.layer.input, name="visible_states")
        sizes = {2 * number: bias.shape[0] for number, bias in enumerate(self.layer.biases[::2])}
        self.chains = Chains(sizes, batch_size, persistent, steps, seed)

    def callbacks(self, data):
        self.pictures = data.train
        return []

    def begin_epoch(self, epoch, seed):
        if epoch == 0:
            begin_visible(self.layer.biases[0], self.visible, self.pictures)

    def named_losses(self, x, y, outputs, weights, training):
        return {"energy_gap": self.chains.gap(self.layer.machine, self._even(x, outputs), weights, training)}

    def measures(self, x, y, outputs, weights):
        machine, data = self.layer.machine, self._even(x, outputs)
        again = machine.surprise(data[0], _flat(outputs["hidden1"]))
        return {
            "reconstruction": weighted_mean(again, weights),
            "free_energy": weighted_mean(machine.free_energy(data), weights),
        }

    def _even(self, x, outputs) -> dict[int, Any]:
        """What the data say of the even layers, (batch, units) each."""
        hidden = {place: _flat(outputs[f"hidden{place}"]) for place in self.layer.machine.places[2::2]}
        return {0: _flat(self.visible(x)), **hidden}


def _flat(states):
    return ops.reshape(ops.cast(states, "float32"), (ops.shape(states)[0], -1))


def dreams(machine: Machine, seeds: Sequence[int], steps: int) -> np.ndarray:
    """Probabilities of the visible units, (n, visible), at the ends of chains, one for each of `seeds`.

    A chain begins at units that do not know of each other and goes `steps` of Gibbs sampling, by its own seed alone.
    """
    generators = [np.random.default_rng(int(seed)) for seed in seeds]

    def uniform(shape):
        return np.stack([generator.random(shape[1:], "float32") for generator in generators])

    sizes = {place: machine.biases[place].shape[0] for place in machine.places[::2]}
    even = {place: machine.drawn({}, place, uniform((len(seeds), size))) for place, size in sizes.items()}
    even = walked(machine, even, steps - 1, uniform)
    odd = {
        place: machine.drawn(even, place, uniform((len(seeds), machine.biases[place].shape[0])))
        for place in machine.places[1::2]
    }
    return ops.convert_to_numpy(machine.probabilities(odd, 0))
