"""Layers that learn, one after another, to make their input again from a part of it.

Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010, sections 2.3, 3.2 and 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.lazy import keras
from keras_dl.learning.learner import weighted_mean
from keras_dl.learning.staged import InStages

if TYPE_CHECKING:
    from keras_dl.training import Options

ops = keras.ops


def logistic_layers(network: keras.Model) -> list[keras.layers.Dense]:
    """The dense layers of `network` called stageN that have logistic units, in a row."""
    return [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.Dense)
        and layer.name.startswith("stage")
        and layer.activation is keras.activations.sigmoid
    ]


class Layerwise(InStages):
    """Trains the logistic layers of a `network`, each on what the ones below it make of the data.

    A layer sees its input, shares of 1, without about the part `corrupted` of the numbers, which are 0, and a decoder
    of the same weights, with a bias of its own that is dropped afterwards, tells all of them. The loss is the
    cross-entropy in nats an example, summed over the numbers. In evaluation nothing is left out.
    """

    losses_named = ("cross_entropy",)
    by_network_alone = False

    def __init__(self, network: keras.Model, corrupted: float, options: Options):
        self.dense = logistic_layers(network)
        super().__init__(network, len(self.dense), options)
        self.corrupted = corrupted
        self.noise = keras.random.SeedGenerator(options.seed)
        self.inputs_of = [keras.Model(network.input, layer.input, name=f"below_{layer.name}") for layer in self.dense]
        self.visible_biases = {
            layer.name: self.add_weight(
                shape=(layer.kernel.shape[0],), initializer="zeros", name=f"{layer.name}_visible_bias"
            )
            for layer in self.dense
        }

    def parts(self):
        return {layer.name: [*layer.trainable_variables, self.visible_biases[layer.name]] for layer in self.dense}

    def lessons(self, x, y, weights, training):
        for layer, below in zip(self.dense, self.inputs_of, strict=True):

            def lesson(layer=layer, below=below):
                seen = ops.stop_gradient(ops.cast(below(x, training=False), "float32"))
                part = seen
                if training:
                    noise = keras.random.uniform(ops.shape(seen), dtype="float32", seed=self.noise)
                    part = ops.where(noise < self.corrupted, 0.0, seen)
                hidden = ops.sigmoid(ops.matmul(part, layer.kernel) + layer.bias)
                logits = ops.matmul(hidden, ops.transpose(layer.kernel)) + self.visible_biases[layer.name]
                losses = ops.sum(ops.softplus(logits) - seen * logits, axis=-1)
                return [weighted_mean(losses, weights)]

            yield layer.name, lesson
