"""Multi-task learning: several classes or numbers for each input, by one network that shares all but its outputs.

Caruana, "Multitask Learning", Machine Learning 28, 1997, sections 1 and 2: tasks that are related act as an inductive
bias of what they share. Targets are the columns of classes and of numbers, the latter brought to mean 0 and deviation
1; where one is not known of an example, it does not count there. The scores are the accuracy or the R^2 of each
target, and "mean_score", their mean.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import ClassVar

import numpy as np

from keras_dl.data.dataset import SPLITS
from keras_dl.data.spec import INPUTS, Column, Spec
from keras_dl.data.standardized import in_units, standardized
from keras_dl.errors import UsageError, some
from keras_dl.fields import Positive
from keras_dl.lazy import keras
from keras_dl.learning.objective import LOSS, Objective
from keras_dl.learning.probabilities import probabilities
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultiTask(Task):
    """Tell several things at once."""

    objective = Objective("mean_score", "max")
    monitor = LOSS
    scored_each_epoch = True
    several_targets = True
    wants = (("class", "number"),)
    _spec: ClassVar[Spec | None] = None

    weights: tuple[Positive, ...] = ()
    """of the loss of each target, in their order; by default 1 each"""

    def for_data(self, spec):
        task = copy.copy(self)
        object.__setattr__(task, "_spec", spec)
        return task

    def encoded(self, config, data, like=None):
        from keras_dl.learning.multitask import heads

        data = super().encoded(config, data, like)
        for head in heads(data.spec if like is None else like):
            ours, theirs = head.column, data.spec.columns.get(head.name)
            if theirs is None or (ours.kind, ours.classes, ours.class_names) != (
                theirs.kind,
                theirs.classes,
                theirs.class_names,
            ):
                raise UsageError(f"the model tells {head.name}, {_called(ours)}; {data.spec.name} has no such column")
            if ours.kind == "number":
                data = standardized(data, like, head.name)
            _check_known(data, head.name, ours)
        return data

    def adapt(self, config, data):
        from keras_dl.learning.multitask import heads

        data = self.encoded(config, data)
        found = heads(data.spec)
        if self.weights and len(self.weights) != len(found):
            names = some([head.name for head in found])
            raise UsageError(f"weights are one for each of {names}, got {len(self.weights)}")
        if {"targets", "outputs"} <= {field.name for field in dataclasses.fields(config)}:
            widths = tuple(head.stop - head.start for head in found)
            config = config.for_data(data.spec).replace(targets=tuple(head.name for head in found), outputs=widths)
            return config, self.sized(config, data)
        if not hasattr(config, "classes") or getattr(config, "classifier_activation", None) is not None:
            raise UsageError(f"{self.name} needs a network of classes whose outputs are bare, such as mlp or resnet20")
        config = config.for_data(data.spec).replace(classes=found[-1].stop)
        return config, self.sized(config, data)

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name in INPUTS}

    def prepare(self, batch, key):
        return self.inputs(batch), {name: values for name, values in batch.items() if name not in INPUTS}

    def learner(self, network, config, options):
        from keras_dl.learning.multitask import Head, MultiTaskLearner, heads

        outputs = network.output if isinstance(network.output, dict) else {"number": network.output}
        widths = {name: output.shape[-1] for name, output in outputs.items()}
        anything = [Head(name, Column(kind="number", shape=(width,)), 0, width) for name, width in widths.items()]
        found = anything if self._spec is None else heads(self._spec)  # whose steps take as long
        if len(outputs) > 1 and set(outputs) != {head.name for head in found}:
            raise UsageError(
                f"{network.name} tells {some([*outputs])}; {some([head.name for head in found])} are wanted"
            )
        return MultiTaskLearner(network, found, self.weights or (1.0,) * len(found), options.label_smoothing)

    def example(self, network, count):
        x, _ = super().example(network, count)
        outputs = network.output if isinstance(network.output, dict) else {"number": network.output}
        return x, {name: np.zeros((count, output.shape[-1]), "float32") for name, output in outputs.items()}

    def scores(self, network, config, split, spec):
        from keras_dl.learning.multitask import heads

        batches = (keras.tree.map_structure(np.asarray, one) for one in split.batches(256, self.arrange(network)))
        parts = [(network.predict_on_batch(x), y) for x, y in batches]
        outputs, targets = keras.tree.map_structure(lambda *part: np.concatenate(part), *parts)
        found = {}
        for head in heads(spec):
            target, guess = targets[head.name], head.of(outputs)
            if head.column.kind == "class":
                known = target >= 0
                found[f"{head.name}_accuracy"] = float(np.mean(guess[known].argmax(axis=1) == target[known]))
            else:
                known = ~np.isnan(target).any(axis=1)
                found[f"{head.name}_r2_score"] = _explained(target[known], guess[known])
        return {"mean_score": float(np.mean([*found.values()])), **found}

    def answers(self, network, config, inputs, spec):
        from keras_dl.learning.multitask import heads

        outputs, answers = self.outputs(network, inputs), [{} for _ in next(iter(inputs.values()))]
        for head in heads(spec):
            for answer, value in zip(answers, _told(head, head.of(outputs), spec), strict=True):
                answer[head.name] = value
        return answers


def _called(column: Column) -> str:
    return f"one of {some(column.class_names)}" if column.class_names else f"a {column.kind}"


def _check_known(data, name: str, column: Column) -> None:
    """Raise `UsageError` for a split in which nothing is known of a target."""
    for split in SPLITS:
        values = np.asarray(getattr(data, split).columns[name].values)
        if not (values >= 0 if column.kind == "class" else ~np.isnan(values)).any():
            raise UsageError(f"no example of the {split} split of {data.spec.name} has a {name}; leave this target out")


def _explained(targets: np.ndarray, guesses: np.ndarray) -> float:
    """The share of the variance of `targets` (n, numbers) that is explained, the mean over the numbers."""
    errors, deviations = (np.square(targets - other).sum(axis=0) for other in (guesses, targets.mean(axis=0)))
    return float(np.mean(1 - errors / np.maximum(deviations, 1e-12)))


def _told(head, outputs: np.ndarray, spec: Spec) -> list:
    """What `outputs` (n, width) of one head say: the likeliest class with its probability, or numbers."""
    if head.column.kind == "number":
        rows = in_units(outputs, spec, name=head.name)
        return [float(row[0]) if len(row) == 1 else row.tolist() for row in rows]
    names = head.column.class_names or tuple(map(str, range(head.column.classes)))
    return [{"class": names[row.argmax()], "probability": float(row.max())} for row in probabilities(outputs, None)]
