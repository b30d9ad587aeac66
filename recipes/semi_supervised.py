"""Semi-supervised learning: a hundred labels, and the network's own guesses for all other pictures.

Lee, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks", ICML 2013
Workshop on Challenges in Representation Learning. On MNIST with 100 labels, table 1: a network with dropout errs in
21.89 % of the test digits, with pseudo-labels in 16.15 %.

Two networks start alike, see the same pictures in the same steps; for one the pictures without labels
weigh nothing, for the other their weight grows once the labels are learned, and each counts as what the network takes
it for at that step. As the paper says, this pushes the answers away from the boundaries between the classes: their
entropy falls. A lecture calls labels of this kind imperfect: the run shows how many of them are right.

Run it by `keras-dl run semi-supervised`; `--data mnist` or `--data usps_zip` have more pictures without labels.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
import scipy.special
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data.partly_labelled import UNLABELLED
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Counts, Positive, Share, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.quiet import error_rate

METHODS = {"labels": "labels only", "pseudo": "with pseudo-labels"}
CHECKS = 20
"""epochs of a training, at whose ends accuracy is measured"""
RAMP = (5, 15)
"""epochs between which the weight of the pseudo-labels grows"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SemiSupervised(DataExperiment):
    """Train with few labels, and with the network's own answers for the pictures without."""

    seeds: Count = 10
    labels: Count = 100
    """labelled pictures, of each class as many"""
    steps: Annotated[int, multiple_of(CHECKS)] = 1000
    """training steps"""
    batch_size: Count = 32
    """labelled pictures per step"""
    unlabelled_batch_size: Count = 128
    """pictures without label per step"""
    weight: Positive = 3.0
    """weight of the pseudo-labels at the end"""
    learning_rate: Positive = 1e-3
    """Adam's"""
    hidden: Counts = (256,)
    """units of the hidden layers"""
    dropout: Share = 0.0
    """fraction of hidden units dropped"""

    def cells(self) -> list[dict]:
        classes, pictures = self.dataset.spec.classes, len(self.dataset.train)
        if self.labels % classes:
            raise UsageError(f"labels must be a multiple of {classes}, the classes of {self.data}, got {self.labels}")
        if self.labels >= pictures:
            raise UsageError(f"labels must be below {pictures}, the pictures of {self.data}, got {self.labels}")
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        """In %: the test "accuracy" after each twentieth, the part of the pseudo-labels that is "right" at the end; in
        nats: the mean "entropy" of the answers for test pictures."""
        size = self.batch_size + self.unlabelled_batch_size
        task = get_task(
            "pseudo_labels",
            labels=self.labels // self.dataset.spec.classes,
            labelled_share=self.batch_size / size,
            weight=self.weight,
            t1=RAMP[0],
            t2=RAMP[1],
        )
        config = get_config("mlp", hidden=self.hidden, dropout=self.dropout)
        config, data = task.replace(drawn_by=seed).adapt(config, self.dataset)
        options = Options(learning_rate=self.learning_rate, epochs=CHECKS)
        training = self.quiet(config, options, self.steps, task=task)
        network, accuracy = training.begin(seed), []
        pictures, labels = data.test.inputs(), data.test.labels

        def grow(epoch, _logs):
            if method == "pseudo":
                training.model.begin_epoch(epoch, seed)

        def look(_epoch, _logs):
            accuracy.append(100 - error_rate(network, pictures, labels))

        stream = data.train.stream(size, steps=self.steps, seed=seed, arrange=task.arrange(network))
        looking = [keras.callbacks.LambdaCallback(on_epoch_begin=grow, on_epoch_end=look)]
        training.fit(stream, epochs=CHECKS, steps_per_epoch=self.steps // CHECKS, callbacks=looking)
        entropy = scipy.special.entr(scipy.special.softmax(network(pictures), axis=1)).sum(axis=1).mean()
        unknown = data.train.labels == UNLABELLED
        wrong = error_rate(network, data.train.inputs()[unknown], self.dataset.train.labels[unknown])
        return {"accuracy": accuracy, "entropy": float(entropy), "right": 100 - wrong}

    def claims(self, results: Results) -> list[Claim]:
        accuracy = {method: results.values("accuracy", method=method) for method in METHODS}
        gain = (accuracy["pseudo"] - accuracy["labels"])[:, -1]
        return [
            Claim(
                text="Before pseudo-labels weigh anything, both networks are one",
                quantity="difference of their test accuracies after a quarter of the steps",
                measured=np.abs(accuracy["pseudo"] - accuracy["labels"])[:, RAMP[0] - 1],
                at_most=0,
                unit="points",
                exact=True,
            ),
            Claim(
                text="Learning its own answers makes a network with few labels better (Lee 2013, table 1)",
                quantity=f"gain in test accuracy, {self.labels} labels",
                measured=gain,
                at_least=1,
                unit="points",
                published="5.7 points on MNIST",
                reason=f"it is better at {np.sum(gain > 0)} of {len(gain)} seeds and worse at {np.sum(gain < 0)}",
            ),
            Claim(
                text="Its answers move away from the boundaries of the classes (Lee 2013, section 3.2)",
                quantity="entropy of the answers for test pictures over that without pseudo-labels",
                measured=results.values("entropy", method="pseudo") / results.values("entropy", method="labels"),
                at_most=0.5,
            ),
            Claim(
                text="Pseudo-labels are imperfect (lecture)",
                quantity="part of them that is wrong at the end",
                measured=100 - results.values("right", method="pseudo"),
                at_least=1,
                unit="%",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.subplots()
        steps = np.arange(1, CHECKS + 1) * self.steps // CHECKS
        for color, (method, name) in zip(("C7", "C0"), METHODS.items(), strict=True):
            values = results.values("accuracy", method=method)
            mean, spread = values.mean(axis=0), values.std(axis=0)
            axes.plot(steps, mean, color=color, marker="o", markersize=3, label=f"{name}: {mean[-1]:.1f} % at the end")
            axes.fill_between(steps, mean - spread, mean + spread, color=color, alpha=0.15)
        start, end = (epoch * self.steps // CHECKS for epoch in RAMP)
        axes.axvspan(start, end, color="C1", alpha=0.1, label="the weight of the pseudo-labels grows")
        low = 10 * (results.values("accuracy").mean(axis=0)[1:].min() // 10)
        pictures = len(self.dataset.train) - self.labels
        axes.set(xlabel="training step", ylabel="test accuracy, %", ylim=(low, 100))
        axes.set_title(f"{self.subject}: {self.labels} labels, {pictures:,} pictures without")
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
        save_figure(figure, folder / "pseudo_labels.png")
