"""Least squares: the linear output of fixed features, solved for instead of trained.

An epoch passes over the examples once and sums the products of their features with each other and with the targets;
at its end the output gets the weights with the least sum of squared errors, `ridge` times their squares added. No rate
and no optimizer takes part, so one epoch is enough. Targets are numbers, on a scale of their own as in regression, or
classes, as 1 for the output of the class and 0 elsewhere. A network that stores examples, such as `ntk_kernel`, gets
some of the training split before. "r2_score" is the share of the variance of the targets that is explained.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.standardized import standardized
from keras_dl.errors import UsageError, some
from keras_dl.fields import NotNegative
from keras_dl.lazy import keras
from keras_dl.learning.objective import LOSS, Objective
from keras_dl.learning.task import Task
from keras_dl.names import note
from keras_dl.tasks.regression import Regression

NETWORKS = "fixed_basis_model, random_features and ntk_kernel"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeastSquares(Task):
    """Tell numbers, or a class, by a linear function of fixed features."""

    objective = Objective("r2_score", "max")
    monitor = LOSS
    wants = (("class", "number"),)

    ridge: NotNegative = 0.0
    """penalty on the weights, times the sum of their squares, beside the sum of the squared errors; without it the
    weights of least norm are taken where several are equally good"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if data.spec.find("number") is not None:
            return standardized(data, like)
        if like is not None and data.spec.class_names != like.class_names:
            ours, theirs = some(like.class_names), some(data.spec.class_names)
            raise UsageError(f"the model tells the classes {ours}; {data.spec.name} has {theirs}")
        return data

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name not in ("label", "number")}

    def prepare(self, batch, key):
        return self.inputs(batch), batch["number"] if "number" in batch else batch["label"]

    def learner(self, network, config, options):
        from keras_dl.learning.normal_equations import NormalEquations, is_linear

        if keras.backend.backend() != "tensorflow":
            raise UsageError(f"{self.name} sums in float64, which needs KERAS_BACKEND=tensorflow")
        if not is_linear(network):
            raise UsageError(f"{self.name} solves for a linear output without bias, as {NETWORKS} have it")
        if options.xla or options.strategy:
            raise UsageError(f"{self.name} counts every example once; leave xla and strategy out")
        if options.epochs > 1:
            note(f"one epoch solves for the output; the other {options.epochs - 1} will find the same")
        return NormalEquations(network, self.ridge, options.seed)

    def scores(self, network, config, split, spec):
        if spec.find("number") is not None:
            return Regression().scores(network, config, split, spec)
        batches = split.batches(1024, self.arrange(network))
        right = [network.predict_on_batch(x).argmax(axis=-1) == keras.ops.convert_to_numpy(y) for x, y in batches]
        return {"accuracy": float(np.mean(np.concatenate(right)))}

    def answers(self, network, config, inputs, spec):
        if spec.find("number") is not None:
            return Regression().answers(network, config, inputs, spec)
        names = spec.class_names or tuple(map(str, range(spec.classes)))
        return [
            {"class": names[row.argmax()], "outputs": dict(zip(names, row.tolist(), strict=True))}
            for row in self.outputs(network, inputs)
        ]
