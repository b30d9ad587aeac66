"""Several targets by one network: a shared trunk, and of its last layer some outputs for each of them.

Caruana, "Multitask Learning", Machine Learning 28, 1997. The heads of the targets stand side by side in one dense
layer, which is the same as a layer for each; of networks such as multitask_shared_trunk each is an output by its name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from keras_dl.data.spec import INPUTS, Column, Spec
from keras_dl.lazy import keras
from keras_dl.learning.labels import CrossEntropy
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops
TARGETS = ("class", "number")


@dataclasses.dataclass(frozen=True)
class Head:
    """The outputs `start` to `stop` of a network, for the target `name` that `column` describes."""

    name: str
    column: Column
    start: int
    stop: int

    def of(self, outputs):
        """Its part of `outputs` (batch, outputs), or that by its name."""
        return outputs[self.name] if isinstance(outputs, dict) else outputs[:, self.start : self.stop]


def heads(spec: Spec) -> list[Head]:
    """Those of all classes and numbers among the columns, in their order."""
    found, start = [], 0
    for name, column in spec.columns.items():
        if column.kind in TARGETS and name not in INPUTS:
            stop = start + (column.classes if column.kind == "class" else column.shape[0])
            found.append(Head(name, column, start, stop))
            start = stop
    return found


class MultiTaskLearner(Learner):
    """Trains a `network` for all of `heads` at once; y holds their targets by name, -1 and NaN where one is not known.

    The loss of a head, cross-entropy or the squared error, is the mean over the examples whose target is known, times
    its `weights`; what is logged is weighted too, so that the losses sum to the whole.
    """

    def __init__(self, network: keras.Model, heads: Sequence[Head], weights: Sequence[float], smoothing: float):
        self._heads = tuple(heads)
        super().__init__(network)
        self._loss_weights = tuple(weights)
        self._cross_entropy = CrossEntropy(label_smoothing=smoothing)

    @property
    def losses_named(self):
        return [f"{head.name}_loss" for head in self._heads]

    def named_losses(self, x, y, outputs, weights, training):
        outputs = keras.tree.map_structure(lambda one: ops.cast(one, "float32"), outputs)
        return {
            f"{head.name}_loss": factor * weighted_mean(self._errors(head, y, outputs), self._known(head, y, weights))
            for head, factor in zip(self._heads, self._loss_weights, strict=True)
        }

    def count(self, x, y, weights):
        return {f"{head.name}_loss": ops.sum(self._known(head, y, weights)) for head in self._heads}

    def _errors(self, head: Head, y, outputs):
        """The error of each example, (batch,), whatever where the target is not known."""
        target = y[head.name]
        if head.column.kind == "class":
            return self._cross_entropy.call(ops.maximum(target, 0), head.of(outputs))
        return ops.mean(ops.square(ops.where(ops.isnan(target), 0.0, target) - head.of(outputs)), axis=-1)

    def _known(self, head: Head, y, weights):
        """How much the target of each example counts, (batch,) float32: nothing where it is not known."""
        target = y[head.name]
        known = target >= 0 if head.column.kind == "class" else ops.all(ops.logical_not(ops.isnan(target)), axis=-1)
        known = ops.cast(known, "float32")
        if weights is None:
            return known
        own = ops.cast(weights[head.name] if isinstance(weights, dict) else weights, "float32")
        return known * (own if len(own.shape) == 1 else ops.mean(own, axis=-1))
