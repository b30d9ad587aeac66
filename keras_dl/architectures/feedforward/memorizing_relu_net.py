"""A network of 2n + d weights that gives any n points in d dimensions any n values.

Zhang, Bengio, Hardt, Recht & Vinyals, "Understanding deep learning requires rethinking generalization", ICLR 2017,
theorem 1. Input: (batch, d), or any shape of d numbers; output: (batch, 1), in float64.

    name                 parameters    n   d
    memorizing_relu_net       1,020  500  20

c(x) = sum_j w_j max(a . x - b_j, 0): all n hidden units share one projection a of the input and differ by their
thresholds b_j; there is no output bias. `solve` sets the weights in closed form. The system it solves is nearly
singular for large n (a condition of 3e9 at n = 500), hence the float64 throughout. Call the model itself to get it:
`model.predict` rounds its inputs to float32 first.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.errors import UsageError
from keras_dl.fields import Counts
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemorizingReLUNet(Config):
    """One hidden layer of `units` rectified units along one direction of the input."""

    task: ClassVar[str] = "classification"
    classifier_activation: ClassVar[None] = None

    input_shape: Counts = (20,)
    """shape of one input, flattened first"""
    classes: int = 1
    """number of outputs: one value, a logit where there are two classes"""
    units: int = width(500, low=10, high=2000)
    """hidden units, which is the number n of points that can be memorised"""

    def __post_init__(self):
        super().__post_init__()
        if self.classes != 1:
            raise UsageError(f"{self.family} has one output, so classes must be 1, got {self.classes}; use mlp")

    @property
    def follows_data(self) -> tuple[str, ...]:
        return ("input_shape",)

    def for_data(self, spec: Spec) -> Self:
        spec.check_numbers(self.family)
        if spec.classes != 2:
            raise UsageError(f"{self.family} has one output for 2 classes, {spec.name} has {spec.classes}; use mlp")
        return self.replace(input_shape=spec.shape)


def build(config: MemorizingReLUNet) -> keras.Model:
    inputs = keras.Input(config.input_shape, dtype="float64", name="features")
    x = keras.layers.Flatten(dtype="float64", name="flatten")(inputs)
    x = keras.layers.Dense(1, use_bias=False, dtype="float64", name="stem")(x)
    x = layers.UnitThresholds(config.units, dtype="float64", name="stage1")(x)
    outputs = keras.layers.Dense(1, use_bias=False, dtype="float64", name="head")(x)
    return keras.Model(inputs, outputs, name="memorizing_relu_net")


def solve(model: keras.Model, points, targets, *, seed: int = 0) -> None:
    """Set the weights of `model` so that it maps `points` (n, ...) to `targets` (n,), n being its hidden units.

    A random direction puts the points in order, a threshold goes below each, and the output weights follow from a
    triangular system. Raises `UsageError` when n is another number or when points are equal.
    """
    import numpy as np
    from scipy.linalg import solve_triangular

    points = np.asarray(points, "float64").reshape(len(points), -1)
    units = model.get_layer("stage1").units
    if len(points) != units:
        raise UsageError(f"a network of {units} units memorises {units} points, got {len(points)}")
    direction = np.random.default_rng(seed).normal(size=points.shape[1]) / math.sqrt(points.shape[1])
    places = points @ direction
    order = np.argsort(places)
    places = places[order]
    if not (np.diff(places) > 0).all():
        raise UsageError("two points are equal or too close to be told apart; give different ones")
    thresholds = np.concatenate([[places[0] - 1], (places[:-1] + places[1:]) / 2])
    hidden = np.maximum(places[:, None] - thresholds, 0)
    outputs = solve_triangular(hidden, np.asarray(targets, "float64")[order], lower=True)
    model.get_layer("stem").set_weights([direction[:, None]])
    model.get_layer("stage1").set_weights([thresholds])
    model.get_layer("head").set_weights([outputs[:, None]])


VARIANTS = {"memorizing_relu_net": MemorizingReLUNet()}
