"""Regression: a number, or several, for each input, by the squared error.

The network learns the numbers of the training split brought to mean 0 and deviation 1, whatever their unit; answers,
and the errors "rmse" and "mae" of a split, are in the units of the data. R^2 is the share of the variance of a split
that is explained: 1 at most, and below 0 for a network that is worse than the mean of the split.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.standardized import in_units, standardized
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.objective import LOSS, Objective
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regression(Task):
    """Tell a number."""

    objective = Objective("r2_score", "max")
    monitor = LOSS
    wants = (("number",),)

    def encoded(self, config, data, like=None):
        return standardized(super().encoded(config, data, like), like)

    def adapt(self, config, data):
        if not hasattr(config, "classes"):
            raise UsageError(f"{config.family} has no outputs of numbers; use a network with classes, such as mlp")
        return super().adapt(config, data)

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name != "number"}

    def prepare(self, batch, key):
        return self.inputs(batch), batch["number"]

    def compiling(self, network, config, options):
        return {"loss": keras.losses.MeanSquaredError(), "weighted_metrics": [keras.metrics.R2Score(name="r2_score")]}

    def example(self, network, count):
        x, _ = super().example(network, count)
        return x, np.zeros((count, network.output.shape[-1]), "float32")

    def scores(self, network, config, split, spec):
        batches = split.batches(1024, self.arrange(network))
        parts = (keras.tree.map_structure(np.asarray, part) for part in batches)
        errors = [network.predict_on_batch(x) - y for x, y in parts]
        errors = np.concatenate(errors) * in_units(np.ones(1), spec, deviations=True)
        return {"rmse": float(np.sqrt(np.mean(np.square(errors)))), "mae": float(np.mean(np.abs(errors)))}

    def answers(self, network, config, inputs, spec):
        numbers = in_units(self.outputs(network, inputs), spec)
        return [{"number": float(row[0])} if len(row) == 1 else {"numbers": row.tolist()} for row in numbers]
