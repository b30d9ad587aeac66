"""Transfer learning: what a trained network's features are worth when labels are few.

A base network trained on other pictures is used in four ways (a linear probe, features frozen, last stages fine-tuned,
all fine-tuned) against the same network from scratch, for a growing number of labelled examples per class. What is
frozen keeps its weights and the statistics of its batch normalisation. The probe reads the layer before the base's own
classifier, which has been shaped by other classes; where to cut a network is a choice, and frozen maps with a new
classifier behind them are the better one here.

Yosinski, Clune, Bengio & Lipson, "How transferable are features in deep neural networks?", NIPS 2014. Which stages to
fine-tune is the question of the recipe `unfreezing`.

Run it by `keras-dl run transfer-learning`, with `--data a/folder/of/photos` on your own pictures.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Results
from keras_dl.experiments.transfer import Student, TransferExperiment
from keras_dl.fields import Counts
from keras_dl.figures import plain, save_figure
from keras_dl.lazy import keras

METHODS = {
    "probe": "all frozen but the last layer",
    "frozen": "features frozen, new classifier",
    "last": "last stages fine-tuned",
    "all": "all stages fine-tuned",
    "scratch": "from scratch",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransferLearning(TransferExperiment):
    """Compare ways to use a trained base network, by accuracy against labelled examples per class."""

    labels_per_class: Counts = (1, 2, 5, 10)
    """labelled examples of each class to learn from"""

    def cells(self) -> list[dict]:
        fewest, most = np.bincount(self.new_task.train.labels).min(), max(self.labels_per_class)
        if fewest < most:
            raise UsageError(f"labels_per_class asks for {most}; a class of {self.data} has {fewest} training examples")
        return [{"method": method, "labels": labels} for method in METHODS for labels in self.labels_per_class]

    def measure(self, *, seed: int, method: str, labels: int) -> dict:
        """The test accuracy (%), the largest move of a frozen weight, and the weights trained and of the head."""
        student, fresh = self._students[method]
        keras.utils.set_random_seed(seed)
        start = surgery.transplant(self.base_model, self.config, fresh=fresh).get_weights()
        student.learn(start, self.new_task.train.few(labels, seed), seed)
        return {
            "accuracy": student.accuracy(self.new_task.test),
            "moved": _moved(self.base_model, student.model),
            "trained": sum(math.prod(weight.shape) for weight in student.model.trainable_weights),
            "head": student.model.get_layer("head").count_params(),
        }

    def claims(self, results: Results) -> list[Claim]:
        few = self.labels_per_class[:2]
        frozen, scratch = (
            np.mean([results.values("accuracy", method=method, labels=labels) for labels in few], axis=0)
            for method in ("frozen", "scratch")
        )
        return [
            Claim(
                text="Features learned on other pictures are worth having when labels are few (Yosinski et al. 2014)",
                quantity=f"accuracy of frozen features less that from scratch, {' and '.join(map(str, few))} a class",
                measured=frozen - scratch,
                at_least=2,
                unit="points",
            ),
            Claim(
                text="What is frozen does not change, statistics of batch normalisation included",
                quantity="largest change of a frozen weight",
                measured=np.concatenate(
                    [results.values("moved", method=method) for method in ("probe", "frozen", "last")]
                ),
                at_most=0,
                exact=True,
            ),
            Claim(
                text="Only a small number of parameters at the end is trained",
                quantity="weights trained by the probe, less those of the last layer",
                measured=results.values("trained", method="probe") - results.values("head", method="probe"),
                at_least=0,
                at_most=0,
                exact=True,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        for method, description in METHODS.items():
            accuracy = [results.values("accuracy", method=method, labels=labels) for labels in self.labels_per_class]
            means, spreads = [v.mean() for v in accuracy], [v.std() for v in accuracy]
            axes.errorbar(self.labels_per_class, means, spreads, marker="o", capsize=3, label=description)
        axes.set(xlabel="labelled examples per class", ylabel="test accuracy, %", xscale="log")
        axes.set_title(f"{plain(self.base_name)} to {self.subject}: mean and spread over {self.seeds} seeds")
        axes.set_xticks(self.labels_per_class, [str(labels) for labels in self.labels_per_class])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend()
        save_figure(figure, folder / "transfer.png")

    @functools.cached_property
    def _students(self) -> dict[str, tuple[Student, list[str]]]:
        """For each method a student, and the stages that it does not take over from the base."""
        stages, features = surgery.stages(self.base_model), surgery.feature_stages(self.base_model)
        new = [stage for stage in stages if stage not in features]
        plans = {
            "probe": (stages[:-1], stages[-1:]),
            "frozen": (features, new),
            "last": (features[:-1], new),
            "all": ([], new),
            "scratch": ([], stages),
        }
        return {method: (self.student(frozen), fresh) for method, (frozen, fresh) in plans.items()}


def _moved(base: keras.Model, model: keras.Model) -> float:
    """The largest difference to `base` of a weight in a layer of `model` that is not trained."""
    frozen = [layer for layer in model.layers if layer.weights and not layer.trainable]
    pairs = [
        pair
        for layer in frozen
        for pair in zip(layer.get_weights(), base.get_layer(layer.name).get_weights(), strict=True)
    ]
    return max((float(np.abs(ours - theirs).max()) for ours, theirs in pairs), default=0.0)
