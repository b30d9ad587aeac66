"""Unfreezing: how many stages of a trained network to fine-tune, against how similar the new task is.

The lectures' two figures: for a very similar task only the classification head is tuned, for a less similar one more of
the last layers too. A base network trained on other pictures learns the same pictures twice: as they are (similar) and
turned by 90 degrees in inverted brightness (dissimilar). First the new head alone is trained, then the last stages
with it: none, one, two, up to all, at a tenth of the learning rate, as the transfer-learning guide of Keras advises.

Yosinski, Clune, Bengio & Lipson, "How transferable are features in deep neural networks?", NIPS 2014, figure 2.

Run it by `keras-dl run unfreezing`, with `--data a/folder/of/photos` on your own pictures.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import surgery
from keras_dl.data import Data, Split
from keras_dl.data.dataset import SPLITS
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Results
from keras_dl.experiments.transfer import Student, TransferExperiment
from keras_dl.fields import Count, Positive
from keras_dl.figures import plain, save_figure
from keras_dl.lazy import keras

TARGETS = {"similar": "as they are", "dissimilar": "turned and inverted"}
SLOWER = 0.1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unfreezing(TransferExperiment):
    """Fine-tune none, some and all stages of a base on a similar and on a dissimilar task."""

    labels_per_class: Count = 10
    """labelled examples of each class to learn from"""
    steps: Count = 150
    """training steps of the head alone, and again of the stages"""
    learning_rate: Positive = 3e-3
    """Adam's for the head; the stages get a tenth"""

    def cells(self) -> list[dict]:
        self._targets["similar"].train.few(self.labels_per_class, 0)
        return [{"target": target} for target in TARGETS]

    def measure(self, *, seed: int, target: str) -> dict:
        """The test accuracy (%) with 0, 1, .. stages before the head unfrozen."""
        data = self._targets[target]
        examples = data.train.few(self.labels_per_class, seed)
        keras.utils.set_random_seed(seed)
        weights = surgery.transplant(self.base_model, self.config).get_weights()
        weights = self._students[0].learn(weights, examples, seed)
        accuracies = [self._students[0].accuracy(data.test)]
        for student in self._students[1:]:
            student.learn(weights, examples, seed)
            accuracies.append(student.accuracy(data.test))
        return {"accuracy": accuracies}

    def claims(self, results: Results) -> list[Claim]:
        accuracy = {target: results.values("accuracy", target=target) for target in TARGETS}
        best = {target: best_place(values) for target, values in accuracy.items()}
        lost = {target: values[:, -1] - values[:, 0] for target, values in accuracy.items()}
        return [
            Claim(
                text="The less similar the task, the more stages are worth fine-tuning (lecture; Yosinski et al. 2014)",
                quantity="best number of unfrozen stages of the mean curve, dissimilar less similar",
                measured=float(best["dissimilar"] - best["similar"]),
                at_least=0,
            ),
            Claim(
                text="With all stages frozen, a dissimilar task loses more against fine-tuning all",
                quantity="points lost by the dissimilar task, less those lost by the similar one",
                measured=lost["dissimilar"] - lost["similar"],
                at_least=0,
                unit="points",
            ),
            Claim(
                text="For a very similar task tuning the head is enough (lecture)",
                quantity="what fine-tuning all stages adds to the head alone, similar task",
                measured=lost["similar"],
                at_most=5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        for target, meaning in TARGETS.items():
            values = results.values("accuracy", target=target)
            mean, places = values.mean(axis=0), range(values.shape[1])
            axes.errorbar(places, mean, values.std(axis=0), marker="o", capsize=3, label=f"{target}: {meaning}")
            axes.plot(best_place(values), mean.max(), "k*", markersize=12, zorder=3)
        stages = surgery.stages(self.base_model)[::-1]
        axes.set_xticks(range(len(stages)), ["head\nalone", *(f"+ {stage}" for stage in stages[1:])])
        axes.set(xlabel="stages that are fine-tuned (star: the best)", ylabel="test accuracy, %")
        axes.set_title(f"{plain(self.base_name)} to {self.subject}, {self.labels_per_class} labels a class")
        axes.grid(alpha=0.3)
        axes.legend()
        save_figure(figure, folder / "unfreezing.png")

    @functools.cached_property
    def _targets(self) -> dict[str, Data]:
        other = {name: turned_and_inverted(getattr(self.new_task, name)) for name in SPLITS}
        return {"similar": self.new_task, "dissimilar": dataclasses.replace(self.new_task, reread=None, **other)}

    @functools.cached_property
    def _students(self) -> list[Student]:
        """The one whose head alone learns, and those with one more stage each, from the last to the first."""
        stages = surgery.stages(self.base_model)
        return [
            self.student(stages[: len(stages) - 1 - unfrozen], slower=SLOWER if unfrozen else 1.0)
            for unfrozen in range(len(stages))
        ]


def best_place(accuracies: np.ndarray) -> int:
    """The place of the highest mean of (seeds, places) in %: the first of equal ones, which float32 rounds apart."""
    return int(accuracies.mean(axis=0).round(3).argmax())


def turned_and_inverted(split: Split) -> Split:
    """The pictures of `split` turned by 90 degrees, and 255 minus their pixels."""
    return Split.of(255 - np.rot90(split.inputs(), axes=(1, 2)), split.labels)
