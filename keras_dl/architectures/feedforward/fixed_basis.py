"""A grid of fixed functions and a linear output: what needs exponentially many functions in many dimensions.

Barron, "Universal Approximation Bounds for Superpositions of a Sigmoidal Function", IEEE Transactions on Information
Theory 39(3), 1993, section 10: with n fixed functions of d inputs the squared error falls no faster than n^(-2/d).
Input: (batch, *input_shape), flattened, in `domain`; output: (batch, classes) numbers or logits.

    name               parameters  functions
    fixed_basis_model         100  10 x 10 Gaussians on a grid

The functions are all products of `functions` ones of each input, so that there are `functions` ^ inputs: Gaussians on a
grid, Legendre polynomials or waves; the layer `GridBasis` says which. They have no weights, the output has no bias, and
so the parameters are one a function and output. All of it computes in float64; call the model itself to get it:
`model.predict` rounds its inputs to float32 first.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Literal

from keras_dl.config import MOST, Config, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Counts
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class FixedBasis(Config):
    """A linear model of fixed functions on a grid."""

    task: ClassVar[str] = "least_squares"
    classifier_activation: ClassVar[None] = None

    input_shape: Counts = (2,)
    """shape of one input, flattened first"""
    classes: Count = 1
    """number of outputs"""
    basis: Literal["rbf", "polynomial", "fourier"] = "rbf"
    """kind of the functions of one input"""
    functions: int = width(10, low=2, high=32)
    """functions of each input"""
    domain: tuple[float, float] = (-1.0, 1.0)
    """the ends of the interval that inputs are in"""

    def __post_init__(self):
        super().__post_init__()
        if not self.domain[0] < self.domain[1]:
            raise UsageError(f"domain must be two growing numbers, got {self.domain}")
        inputs = math.prod(self.input_shape)
        if inputs * math.log(self.functions) > math.log(MOST):
            raise UsageError(
                f"a grid of {self.functions} functions of each of {inputs} inputs has {self.functions}^{inputs} "
                f"functions; at most {MOST:,} are built"
            )


def build(config: FixedBasis) -> keras.Model:
    inputs = keras.Input(config.input_shape, dtype="float64", name="features")
    x = keras.layers.Flatten(dtype="float64", name="flatten")(inputs)
    x = layers.GridBasis(config.basis, config.functions, config.domain, dtype="float64", name="stage1")(x)
    outputs = keras.layers.Dense(config.classes, use_bias=False, dtype="float64", name="head")(x)
    return keras.Model(inputs, outputs, name="fixed_basis")


VARIANTS = {"fixed_basis_model": FixedBasis()}
