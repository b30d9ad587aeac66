"""A stack of restricted Boltzmann machines, which learn one after another.

Hinton, Osindero & Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18, 2006, sections 4 to 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.layers.boltzmann_dense import BoltzmannDense
from keras_dl.layers.boltzmann_machine import Machine
from keras_dl.lazy import keras
from keras_dl.learning.energy import Chains, begin_visible, dreams
from keras_dl.learning.learner import weighted_mean
from keras_dl.learning.staged import InStages

if TYPE_CHECKING:
    from keras_dl.training import Options

ops = keras.ops


def machines(network: keras.Model) -> list[BoltzmannDense]:
    """The layers of `network` that are machines, from the lowest up; none where it is no stack."""
    return [layer for layer in network.layers if isinstance(layer, BoltzmannDense)]


def highest(network: keras.Model) -> Machine:
    """The highest machine, which sees the classes, `head`, behind the units of the layer below."""
    head, machine = network.get_layer("head"), machines(network)[-1].machine
    kernel = ops.concatenate([machine.kernels[0], ops.transpose(ops.cast(head.kernel, "float32"))], axis=0)
    visible = ops.concatenate([machine.biases[0], ops.cast(head.bias, "float32")], axis=0)
    return Machine([kernel], [visible, machine.biases[1]], choice=head.units)


class Stack(InStages):
    """Trains the machines of a `network`, each on what the ones below it make of the data, by `steps` of its chains.

    The last one sees the classes of the examples, y (batch,), beside that, unless there are to be no `labels`. Losses
    and chains are those of `keras_dl.learning.energy.ContrastiveDivergence`, of the machine that learns.
    """

    losses_named = ("energy_gap",)
    logged = ("reconstruction", "free_energy")

    def __init__(self, network: keras.Model, steps: int, persistent: bool, labels: bool, options: Options):
        self.machines, self.labels = machines(network), labels
        super().__init__(network, len(self.machines), options)
        self.head = network.get_layer("head")
        self.below = [keras.Model(network.input, layer.input, name=f"below_{layer.name}") for layer in self.machines]
        sizes = [self._machine(place).biases[0].shape[0] for place in range(len(self.machines))]
        self.chains = [Chains({0: size}, options.batch_size, persistent, steps, options.seed) for size in sizes]

    def _machine(self, place: int) -> Machine:
        last = place == len(self.machines) - 1
        return highest(self.network) if last and self.labels else self.machines[place].machine

    def callbacks(self, data):
        self.pictures = data.train
        return []

    def begin_epoch(self, epoch, seed):
        super().begin_epoch(epoch, seed)
        place = int(self.stage.numpy())
        begin_visible(self.machines[place].visible_bias, self.below[place], self.pictures)

    def parts(self):
        found = {layer.name: [layer.kernel, layer.visible_bias, layer.bias] for layer in self.machines}
        if self.labels:
            found[self.machines[-1].name] += self.head.trainable_variables
        return found

    def lessons(self, x, y, weights, training):
        for place, (part, chains) in enumerate(zip(self.parts(), self.chains, strict=True)):

            def lesson(place=place, chains=chains):
                machine, data = self._machine(place), {0: self._visible(place, x, y)}
                again = machine.surprise(data[0], machine.probabilities(data, 1))
                return [
                    chains.gap(machine, data, weights, training),
                    weighted_mean(again, weights),
                    weighted_mean(machine.free_energy(data), weights),
                ]

            yield part, lesson

    def _visible(self, place: int, x: Any, y: Any):
        """What a machine sees of a batch, (batch, units)."""
        seen = ops.cast(self.below[place](x, training=False), "float32")
        if self.labels and place == len(self.machines) - 1:
            seen = ops.concatenate([seen, ops.one_hot(ops.cast(y, "int32"), self.head.units, dtype="float32")], axis=1)
        return ops.stop_gradient(seen)


def class_probabilities(network: keras.Model, features: np.ndarray) -> np.ndarray:
    """How probable the highest machine finds each class, (n, classes), beside `features` (n, units) of the layer below.

    It is exact: each class has a free energy beside them.
    """
    machine = highest(network)
    each = np.eye(machine.choice, dtype="float32")
    energies = [
        machine.free_energy({0: np.concatenate([features, np.tile(one, (len(features), 1))], axis=1)}) for one in each
    ]
    return ops.convert_to_numpy(ops.softmax(-ops.stack(energies, axis=1)))


def below(network: keras.Model) -> keras.Model:
    """The network up to what the highest machine sees, (batch, units), apart from the classes."""
    return keras.Model(network.input, machines(network)[-1].input, name=f"below_{machines(network)[-1].name}")


def made(network: keras.Model, seeds: Sequence[int], steps: int, labels: bool) -> np.ndarray:
    """What the network makes of noise, (n, inputs): the highest machine dreams, and the others make its way down."""
    last = machines(network)[-1]
    states = dreams(highest(network) if labels else last.machine, seeds, steps)
    return _down(network, states[:, : last.kernel.shape[0]])


def again(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """What the layers below the highest make of `inputs`, and on the way down again of that, (n, inputs) of 0..1."""
    return _down(network, below(network)(inputs, training=False))


def _down(network: keras.Model, states: Any) -> np.ndarray:
    for layer in reversed(machines(network)[:-1]):
        states = layer.machine.probabilities({1: ops.cast(states, "float32")}, 0)
    return ops.convert_to_numpy(states)
