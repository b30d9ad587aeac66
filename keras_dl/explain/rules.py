"""Rules by which a layer shares the relevance of its outputs among its inputs.

Bach, Binder, Montavon, Klauschen, Müller & Samek, "On pixel-wise explanations for non-linear classifier decisions by
layer-wise relevance propagation", PLOS ONE 10(7), 2015 (epsilon, eq. 58; alpha-beta, eq. 60); Montavon, Lapuschkin,
Binder, Samek & Müller, "Explaining nonlinear classification decisions with deep Taylor decomposition", Pattern
Recognition 65, 2017 (z+, eq. 17; zB, eq. 19).

With z_ij = x_i w_ij the part that input i has in output j, the epsilon rule shares R_j in proportion to z_ij, the
alpha-beta rule alpha R_j in proportion to the positive parts and (1 - alpha) R_j in proportion to the negative, z+ as
alpha-beta with alpha 1 and no biases, and zB in proportion to x_i w_ij - l_i w_ij+ - h_i w_ij-, l and h the bounds of
the inputs. Each is one forward pass and its gradient (Montavon et al. 2019, section 10.2.2).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from keras_dl.explain.affine import Affine
from keras_dl.lazy import tf


@dataclasses.dataclass(frozen=True)
class Rule:
    """How relevance is shared: in one proportion if `alpha` is None, otherwise by the sign of the parts.

    `epsilon` is added to every denominator, away from 0; with `biases` constants take their share, which is lost.
    """

    alpha: float | None
    epsilon: float
    biases: bool

    def __call__(self, affine: Affine, inputs: Sequence[tf.Tensor], relevance: tf.Tensor) -> list[tf.Tensor]:
        """The relevance of each of the `inputs`, in their shapes, given that of the outputs."""
        constant = affine.constant() if self.biases else 0.0
        if self.alpha is None:
            return shared(affine.linear, inputs, relevance, constant, self.epsilon)
        count = len(inputs)
        signed = [tf.nn.relu(x) for x in inputs] + [-tf.nn.relu(-x) for x in inputs]

        def above(*x):
            return affine.positive(*x[:count]) + affine.negative(*x[count:])

        def below(*x):
            return affine.negative(*x[:count]) + affine.positive(*x[count:])

        parts = shared(above, signed, self.alpha * relevance, tf.nn.relu(constant), self.epsilon)
        if self.alpha != 1:
            rest = (1 - self.alpha) * relevance
            others = shared(below, signed, rest, -tf.nn.relu(-constant), self.epsilon)
            parts = [part + other for part, other in zip(parts, others, strict=True)]
        return [up + down for up, down in zip(parts[:count], parts[count:], strict=True)]


def box(affine: Affine, x: tf.Tensor, low: tf.Tensor, high: tf.Tensor, relevance: tf.Tensor, epsilon: float):
    """The relevance of `x`, whose values lie between `low` and `high`, arrays of its shape: the zB rule."""

    def above_corner(x, low, high):
        return affine.linear(x) - affine.positive(low) - affine.negative(high)

    return sum(shared(above_corner, [x, low, high], relevance, 0.0, epsilon))


def shared(
    function: Callable, inputs: Sequence[tf.Tensor], relevance: tf.Tensor, constant: tf.Tensor | float, epsilon: float
) -> list[tf.Tensor]:
    """`relevance` shared among the `inputs` of the linear `function` as their parts in its output plus `constant`."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        output = function(*inputs)
    total = output + constant
    total += epsilon * tf.where(total < 0, -1.0, 1.0)
    slopes = tape.gradient(
        output,
        inputs,
        output_gradients=tf.math.divide_no_nan(relevance, total),
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    return [x * slope for x, slope in zip(inputs, slopes, strict=True)]
