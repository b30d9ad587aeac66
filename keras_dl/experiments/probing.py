"""Experiments on features that are learned without labels: a probe of them while they are learned.

Alain & Bengio, "Understanding intermediate layers using linear classifier probes", ICLR 2017 Workshop.
"""

from __future__ import annotations

import abc
import dataclasses
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from matplotlib.figure import Figure

from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.encoders import encoder_of
from keras_dl.learning.probe import linear_probe, nearest_neighbour, outputs
from keras_dl.learning.task import Task
from keras_dl.training import Options

ROUNDS = 8
"""parts of a training"""
LABELS = 10
"""labels of each class for the probe"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbedExperiment(DataExperiment):
    """Networks that learn by different methods, the cells, and what a probe with few labels reads from them.

    A subclass has `named`, what the methods are called, and `learned`. A method of the name of a cell after "_", if
    there is one, says what else is measured after each part: of the learner, the data, the seed and the task.
    """

    seeds: Count = 3
    """how often each measurement is repeated, with other initial weights, orders and labelled examples"""
    width: Count = 8
    """filters of the encoder's first convolution; it ends in eight times as many features"""
    steps: Annotated[int, multiple_of(ROUNDS)] = 400
    """training steps of each method"""
    batch_size: Count = 128
    """examples per step"""
    learning_rate: Positive = 3e-3
    """Adam's at the start; it falls to 0 along a cosine"""

    @property
    @abc.abstractmethod
    def named(self) -> dict[str, str]:
        """The methods, and what each is called for people to read."""

    @property
    def curves(self) -> list[str]:
        """The methods that are drawn while they learn; all are at the end."""
        return [*self.named]

    @abc.abstractmethod
    def learned(self, method: str) -> tuple[Config, Task]:
        """The network and the task of a method."""

    def batch(self, method: str) -> int:
        """Examples per step of a method."""
        return self.batch_size

    def measure(self, *, seed: int, method: str) -> dict[str, Any]:
        """Before and after each part: the test "accuracy" of a linear probe, in %, and what the method itself says.

        At the end that of the nearest "neighbour". Once, the accuracy of a probe of the inputs, "plain".
        """
        config, task = self.learned(method)
        config, data = task.adapt(config, self.dataset)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", warmup=0.0)
        training = self.quiet(config, options, self.steps, task=task)
        network, found = training.begin(seed), []
        encoder, few, test = encoder_of(network, config), data.train.few(LABELS, seed), data.test
        say = getattr(self, f"_{method}", lambda *_: {})

        def probe(known, unseen):
            return 100 * linear_probe(known, few.labels, unseen, test.labels)

        def look(_epoch=None, _logs=None):
            accuracy = probe(outputs(encoder, few), outputs(encoder, test))
            found.append({"accuracy": accuracy, **say(training.model, data, seed, task)})

        look()
        stream = data.train.stream(self.batch(method), steps=self.steps, seed=seed, arrange=task.arrange(network))
        looking = [keras.callbacks.LambdaCallback(on_epoch_end=look)]
        training.fit(stream, epochs=ROUNDS, steps_per_epoch=self.steps // ROUNDS, callbacks=looking)
        curves = {name: [values[name] for values in found] for name in found[0]}
        nearest = nearest_neighbour(outputs(encoder, few), few.labels, outputs(encoder, test), test.labels)
        plain = probe(*(split.inputs().reshape(len(split), -1) for split in (few, test)))
        return curves | {"neighbour": 100 * nearest, "plain": plain}

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 5), layout="constrained")
        curves, bars = figure.subplots(1, 2)
        steps = np.arange(ROUNDS + 1) * self.steps // ROUNDS
        ends = {"linear probe": [], "nearest neighbour": []}
        for method, label in self.named.items():
            found = results.values("accuracy", method=method)
            ends["linear probe"].append(found[:, -1])
            ends["nearest neighbour"].append(results.values("neighbour", method=method))
            if method in self.curves:
                curves.plot(steps, found.mean(axis=0), marker="o", label=label)
        curves.axhline(results.values("plain").mean(), color="gray", linestyle=":", label="inputs as they are")
        curves.set(xlabel="training step", ylabel="test accuracy, %", title=f"{self.subject}: {LABELS} labels a class")
        curves.grid(alpha=0.3)
        curves.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
        places = np.arange(len(self.named))
        for shift, (label, values) in zip((-0.2, 0.2), ends.items(), strict=True):
            values = np.array(values)
            bars.barh(places + shift, values.mean(axis=1), 0.38, xerr=values.std(axis=1), label=label)
        bars.set_yticks(places, self.named.values(), fontsize=8)
        bars.invert_yaxis()
        bars.set(xlabel="test accuracy, %", title="at the end")
        bars.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
        save_figure(figure, folder / f"{self.name}.png")


def evaluated(learner: keras.Model, data: Data, task: Task) -> dict[str, float]:
    """What the learner says of the test split."""
    batches = data.test.batches(256, task.arrange(getattr(learner, "network", learner)))
    return learner.evaluate(batches, return_dict=True, verbose=0)
