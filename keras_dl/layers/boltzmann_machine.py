"""Boltzmann machines whose units stand in layers, each connected with the layers next to it alone.

Smolensky, "Information processing in dynamical systems: foundations of harmony theory", 1986; Salakhutdinov & Hinton,
"Deep Boltzmann Machines", AISTATS 2009, sections 2 and 3. With one hidden layer it is the restricted machine.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@dataclasses.dataclass(frozen=True, eq=False)
class Machine:
    """The weights of a machine: `biases` (units,) of each layer, the visible one first, and `kernels` between them.

    A kernel is (units, units of the layer above). States of a layer are (batch, units), each 0 or 1 or the probability
    of 1; their energy is -sum x_l W_l x_(l+1) - sum b_l x_l. The last `choice` of the visible units are one choice:
    exactly one of them is 1. Given every second layer the units of the others are independent; where all layers 0, 2,
    .. are known or wanted, they are called the even ones.
    """

    kernels: Sequence[Any]
    biases: Sequence[Any]
    choice: int = 0

    @property
    def places(self) -> range:
        """The numbers of the layers."""
        return range(len(self.biases))

    def logits(self, states: dict[int, Any], place: int) -> Any:
        """What the neighbours among `states` by place, and the bias, say to the units of a layer: (batch, units)."""
        total = self.biases[place]
        if place - 1 in states:
            total = total + ops.matmul(states[place - 1], self.kernels[place - 1])
        if place + 1 in states:
            total = total + ops.matmul(states[place + 1], ops.transpose(self.kernels[place]))
        return total

    def probabilities(self, states: dict[int, Any], place: int) -> Any:
        """Of the units of a layer to be 1 given the `states` next to it, (batch, units)."""
        logits = self.logits(states, place)
        if place or not self.choice:
            return ops.sigmoid(logits)
        free, chosen = logits[..., : -self.choice], logits[..., -self.choice :]
        return ops.concatenate([ops.sigmoid(free), ops.softmax(chosen)], axis=-1)

    def drawn(self, states: dict[int, Any], place: int, noise: Any) -> Any:
        """States of a layer given those next to it; `noise` (batch, units) is uniform in 0..1."""
        found = self.probabilities(states, place)
        free = ops.cast(noise < found, found.dtype)
        if place or not self.choice:
            return free
        ends = ops.cumsum(found[..., -self.choice :], axis=-1)
        number = ops.sum(ops.cast(ends < noise[..., -1:], "int32"), axis=-1)
        chosen = ops.one_hot(ops.minimum(number, self.choice - 1), self.choice, dtype=found.dtype)
        return ops.concatenate([free[..., : -self.choice], chosen], axis=-1)

    def chain(self, even: dict[int, Any], noise: dict[int, Any]) -> dict[int, Any]:
        """One step of Gibbs sampling: the odd layers given the `even` ones, and these anew given those."""
        odd = {place: self.drawn(even, place, noise[place]) for place in self.places[1::2]}
        return {place: self.drawn(odd, place, noise[place]) for place in self.places[::2]}

    def free_energy(self, states: dict[int, Any]) -> Any:
        """Minus the logarithm of the sum of exp(-energy) over all other layers, (batch,), for `states` of every second.

        Of a restricted machine it is that of visible states: exp(-F) is proportional to their probability.
        """
        total = -sum(ops.sum(self.biases[place] * found, axis=-1) for place, found in states.items())
        others = [place for place in self.places if place not in states]
        return total - sum(ops.sum(ops.softplus(self.logits(states, place)), axis=-1) for place in others)

    def surprise(self, visible: Any, hidden: Any) -> Any:
        """Minus the log-likelihood of `visible` states, shares of 1, given the first `hidden` ones: (batch,) nats."""
        logits = self.logits({1: hidden}, 0)
        free = logits.shape[-1] - self.choice
        losses = ops.softplus(logits[..., :free]) - visible[..., :free] * logits[..., :free]
        found = ops.sum(losses, axis=-1)
        if self.choice:
            found = found - ops.sum(visible[..., free:] * ops.log_softmax(logits[..., free:]), axis=-1)
        return found

    def inferred(self, visible: Any, rounds: int) -> dict[int, Any]:
        """The probabilities of all layers given `visible` (batch, units), by the mean field, which is layer 0.

        It begins with a pass upwards, where input to layers that have another one above counts twice, and goes on for
        `rounds`. Of a restricted machine the pass alone is exact.
        """
        found = {0: visible}
        for place in self.places[1:]:
            twice = 2 if place < self.places[-1] else 1
            found[place] = ops.sigmoid(
                self.biases[place] + twice * ops.matmul(found[place - 1], self.kernels[place - 1])
            )
        if len(self.places) > 2:
            for _, place in itertools.product(range(rounds), self.places[1:]):
                found[place] = self.probabilities(found, place)
        return found


@keras.saving.register_keras_serializable(package="keras_dl")
class BoltzmannMachine(keras.layers.Layer):
    """A machine of a visible layer and hidden ones of so many `units`.

    Takes probabilities of the visible units, (batch, visible). Gives a list: those of each hidden layer, (batch,
    units), by `rounds` of the mean field, and the logits of the visible units given these, (batch, visible). Weights
    are `stageN_kernel`, drawn from N(0, 0.01), and `visible_bias` and `stageN_bias`, 0 at first (Hinton, "A practical
    guide to training restricted Boltzmann machines", UTML TR 2010-003, section 8).
    """

    def __init__(self, units: Sequence[int], rounds: int = 10, **kwargs: Any):
        super().__init__(**kwargs)
        self.units, self.rounds = tuple(units), rounds

    def build(self, input_shape):
        sizes = (input_shape[-1], *self.units)
        normal = keras.initializers.RandomNormal
        self.kernels = [
            self.add_weight(shape=shape, initializer=normal(stddev=0.01), name=f"stage{place}_kernel")
            for place, shape in enumerate(itertools.pairwise(sizes), start=1)
        ]
        names = ("visible_bias", *(f"stage{place}_bias" for place in range(1, len(sizes))))
        self.biases = [
            self.add_weight(shape=(size,), initializer="zeros", name=name)
            for name, size in zip(names, sizes, strict=True)
        ]

    @property
    def machine(self) -> Machine:
        """Its weights in float32, for what is more than a pass through it."""
        return self._cast("float32")

    def call(self, visible):
        machine = self._cast(self.compute_dtype)
        found = machine.inferred(visible, self.rounds)
        return [*(found[place] for place in machine.places[1:]), machine.logits({1: found[1]}, 0)]

    def _cast(self, dtype: str) -> Machine:
        return Machine(*([ops.cast(one, dtype) for one in weights] for weights in (self.kernels, self.biases)))

    def compute_output_shape(self, input_shape):
        return [(*input_shape[:-1], size) for size in (*self.units, input_shape[-1])]

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rounds": self.rounds}

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: a pass upwards, the rounds of several hidden layers, and the way back."""
        sizes = [math.prod(kernel.shape) for kernel in self.kernels]
        return sum(sizes) + self._rounds * (2 * sum(sizes) - sizes[0]) + sizes[0]

    def links(self, output_shape) -> int:
        """Connections for one input: every use of a weight."""
        visible = self.kernels[0].shape[0]
        return self.multiply_adds(output_shape) + (1 + self._rounds) * sum(self.units) + visible

    @property
    def _rounds(self) -> int:
        return self.rounds if len(self.units) > 1 else 0
