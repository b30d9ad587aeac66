"""Regression with the neural tangent kernel: what a network of rectifiers learns that is infinitely wide.

Jacot, Gabriel & Hongler, "Neural Tangent Kernel: Convergence and Generalization in Neural Networks", NeurIPS 2018; Lee
et al., "Wide Neural Networks of Any Depth Evolve as Linear Models Under Gradient Descent", NeurIPS 2019. Input: (batch,
*input_shape), flattened; output: (batch, classes) numbers or logits.

    name        parameters  examples
    ntk_kernel     794,000      1000

The kernel is a formula of the depth alone and has no parameters: the layer `TangentKernel` says which. What is stored
are the examples that inputs are compared with, here 784,000 numbers, and what is solved for is how much each of them
counts in each output, here 10,000. Examples are random numbers until the training puts its own in their place. All of
it computes in float64; call the model itself to get it: `model.predict` rounds its inputs to float32 first.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.fields import Count, Counts
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class NTKKernel(Config):
    """A linear model of the tangent kernel's values at stored examples."""

    task: ClassVar[str] = "least_squares"
    classifier_activation: ClassVar[None] = None

    input_shape: Counts = (784,)
    """shape of one input, flattened first"""
    classes: Count = 10
    """number of outputs"""
    examples: int = width(1000, low=10, high=5000)
    """stored examples; no more than there are to train on"""
    hidden_layers: Count = 2
    """layers of rectifiers of the infinitely wide network"""
    input_scale: float = 1.0
    """factor on the inputs, 1/255 for pixels"""

    def for_data(self, spec: Spec) -> Self:
        there = min(self.examples, spec.counts.get("train", self.examples))
        scale = 1 / 255 if spec.kind == "image" else 1.0
        return super().for_data(spec).replace(examples=there, input_scale=scale)


def build(config: NTKKernel) -> keras.Model:
    inputs = keras.Input(config.input_shape, dtype="float64", name="features")
    x = keras.layers.Flatten(dtype="float64", name="flatten")(inputs)
    x = keras.layers.Rescaling(config.input_scale, dtype="float64", name="rescaling")(x)
    x = layers.TangentKernel(config.examples, config.hidden_layers, dtype="float64", name="stage1")(x)
    outputs = keras.layers.Dense(config.classes, use_bias=False, dtype="float64", name="head")(x)
    return keras.Model(inputs, outputs, name="ntk_kernel")


VARIANTS = {"ntk_kernel": NTKKernel()}
