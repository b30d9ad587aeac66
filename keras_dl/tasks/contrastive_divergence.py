"""Contrastive divergence: a distribution over binary units in which the data are likely; no labels.

Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14, 2002; the settings
are those of Hinton, "A practical guide to training restricted Boltzmann machines", UTML TR 2010-003. An input, a pixel
divided by 255, is the probability of a 1, hidden units and what the machine makes of them are drawn, and the last
hidden ones are probabilities.

By default chains go on from step to step (Tieleman 2008), so that the machine learns what it makes of itself and not
only near the data: as many as there are examples in a batch. `--task.no-persistent` begins them at the examples.
The score "log_likelihood" is that of the inputs made black and white at a half, in nats: exact where the visible or the
hidden units are 16 at most, else by annealed importance sampling, and for a deep machine a lower bound.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.learning.binary_units import BinaryUnits
from keras_dl.learning.objective import Objective

DRAWN = 16
"""pictures that are drawn, each made again, and samples"""
DREAMED = 1000
"""steps of a chain from noise to a sample"""
LIKELY = 1000
"""examples at most whose likelihood is found"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContrastiveDivergence(BinaryUnits):
    """Make the data likelier than what the machine makes of itself."""

    objective = Objective("reconstruction", "min")

    steps: Count = 1
    """of Gibbs sampling in each chain, for each change of the weights: the k of CD-k"""
    persistent: bool = True
    """whether chains go on where they ended, or begin at the examples"""

    def learner(self, network, config, options):
        from keras_dl.learning.energy import ContrastiveDivergence as Learner

        self.check(network)
        return Learner(network, self.steps, self.persistent, options.batch_size, options.seed)

    def check(self, network) -> None:
        """Raise `UsageError` for a network that is no Boltzmann machine."""
        if "machine" not in {layer.name for layer in network.layers}:
            raise UsageError(f"{self.name} is for Boltzmann machines, such as rbm and dbm; {network.name} is none")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.partition import log_likelihood

        visible = split.take(range(min(LIKELY, len(split)))).inputs().reshape(-1, math.prod(config.input_shape))
        whole = 255 if spec.kind == "image" else 1
        machine = network.get_layer("machine").machine
        found = log_likelihood(machine, (visible / whole > 0.5).astype("float32"), config.rounds)
        return {"log_likelihood": float(found.mean())}

    def answers(self, network, config, inputs, spec):
        """The probabilities of the hidden units of each layer."""
        found = self.outputs(network, inputs)
        hidden = {name: values for name, values in found.items() if name != "visible"}
        return [
            {name: values[place].tolist() for name, values in hidden.items()} for place in range(len(found["visible"]))
        ]

    def made(self, network, config, seeds):
        if len(config.input_shape) != 3:
            raise UsageError(f"this {config.family} was trained on features; it makes no pictures")
        return 255 * self.dreamed(network, seeds).reshape(-1, *config.input_shape)

    def dreamed(self, network, seeds) -> np.ndarray:
        """Probabilities of the visible units, (n, visible), at the ends of chains, one for each of `seeds`."""
        from keras_dl.learning.energy import dreams

        return dreams(network.get_layer("machine").machine, seeds, DREAMED)

    def again(self, network, pictures) -> np.ndarray:
        """`pictures` as the network makes them of what its hidden units say of them, pixels 0..255."""
        logits = self.outputs(network, {"image": pictures})["visible"]
        return 255 / (1 + np.exp(-logits.astype("float32")))

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.sheets import draw_sheet

        if spec.kind != "image":
            return False
        pictures = split.take(range(min(DRAWN, len(split)))).inputs()
        samples = self.made(network, config, range(DRAWN))
        name = f"made of noise in {DREAMED:,} steps"
        draw_sheet({"pictures": pictures, "made again": self.again(network, pictures), name: samples}, path)
        return True
