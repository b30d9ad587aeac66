"""Zero-shot learning: classes of which no example was seen are told by what is known of their labels.

The lecture names it beside multi-task and few-shot learning: what several tasks share tells about one that is new.
Lampert, Nickisch & Harmeling, "Learning to Detect Unseen Object Classes by Between-Class Attribute Transfer", CVPR
2009, tell ten kinds of animals never seen by 85 attributes, such as stripes: 40.5 % are right, where guessing gives 10
%. Frome et al., "DeViSE", NIPS 2013, take the vectors of the words that classes are called.

A class is here a digit and the column in which it stands, thirty in all, and is known by its attributes: which of the
ten digits, and which of the three columns. Six digits are never seen in one of the columns; networks learn the other
classes by the task zero_shot and are asked which of the six a picture shows. The control has the same vectors, dealt to
other classes: the seen ones are learned, and tell nothing of the others. Where all classes may be said, seen ones win
more often than they should (Chao et al. 2016, "generalized zero-shot learning").

Run it by `keras-dl run zero-shot`; `--data mnist` takes larger pictures.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data.factors import FACTORS, placed_digits
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.data.unseen import LABEL, of_classes
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet

DIGITS, COLUMNS = FACTORS["digit"], FACTORS["column"]
METHODS = {"own": "attributes of the class", "dealt": "attributes of another class"}
HELD_OUT = 6


def vectors() -> np.ndarray:
    """For each class 1 for its digit and 1 for its column, 0 for the others: (30, 13)."""
    classes = np.arange(DIGITS * COLUMNS)
    return np.concatenate([np.eye(DIGITS)[classes // COLUMNS], np.eye(COLUMNS)[classes % COLUMNS]], axis=1)


def by_column(split: Split, copies: int, seed: int) -> Split:
    """Pictures of the digits of `split`, a class for each digit in each column."""
    placed, factors = placed_digits(split, copies, seed)
    return placed.with_labels(factors[:, 0] * COLUMNS + factors[:, 1])


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZeroShot(DataExperiment):
    """Tell classes never seen by their attributes, and by those of other classes."""

    seeds: Count = 5
    """how often each measurement is repeated, with other classes that are held out, and other first weights"""
    network: str = "zero_shot_label_embedding"
    """name of a network of the catalogue"""
    copies: Count = 2
    """places and brightnesses that each digit is seen in"""
    steps: Count = 800
    """training steps"""
    batch_size: Count = 64
    """pictures per step"""
    learning_rate: Positive = 3e-3
    """Adam's"""

    def cells(self) -> list[dict]:
        by_column(self.dataset.test, 1, 0)
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        """Accuracies in %: of "unseen" classes among these, of them among "all", and of "seen" ones among the seen."""
        generator = np.random.default_rng(seed)
        digits, columns = generator.permutation(DIGITS)[:HELD_OUT], generator.integers(0, COLUMNS, HELD_OUT)
        unseen = np.sort(digits * COLUMNS + columns)
        seen = np.setdiff1d(np.arange(DIGITS * COLUMNS), unseen)
        given = vectors()
        if method == "dealt":
            order = generator.permutation(len(given))
            given = given[np.roll(order, 1)[np.argsort(order)]]  # no class keeps its own
        train, test = (by_column(split, self.copies, seed) for split in (self.dataset.train, self.dataset.test))
        label = Column(
            kind="class", classes=len(given), seen=tuple(seen.tolist()), vectors=tuple(map(tuple, given.tolist()))
        )
        spec = Spec(name="placed", columns={"image": Column(kind="image", shape=train.shape), LABEL: label})
        task = get_task("zero_shot").for_data(spec)
        config = get_config(self.network).for_data(spec).replace(classes=given.shape[1])
        training = Quiet.of(config, Options(learning_rate=self.learning_rate), self.steps, task=task)
        network, known = training.begin(seed), of_classes(train, seen)
        training.fit(known.stream(self.batch_size, steps=self.steps, seed=seed, arrange=task.arrange(network)))
        others, those = (task.scores(network, config, of_classes(test, of), spec) for of in (unseen, seen))
        return {
            "unseen": 100 * others["accuracy"],
            "all": 100 * others["generalized_accuracy"],
            "seen": 100 * those["accuracy"],
            "held_out": unseen.tolist(),
        }

    def claims(self, results: Results) -> list[Claim]:
        own, dealt = (
            {key: results.values(key, method=method) for key in ("unseen", "all", "seen")} for method in METHODS
        )
        return [
            Claim(
                text="Classes never seen are told by their attributes (Lampert et al. 2009)",
                quantity=f"accuracy among {HELD_OUT} classes never seen, less guessing",
                measured=own["unseen"] - 100 / HELD_OUT,
                at_least=30,
                unit="points",
                published="40.5 % among ten animals, guessing gives 10 %",
            ),
            Claim(
                text="It is the attributes that tell them",
                quantity="accuracy with the attributes of the class less that with those of another one",
                measured=own["unseen"] - dealt["unseen"],
                at_least=15,
                unit="points",
            ),
            Claim(
                text="Classes that were seen are told by any vectors",
                quantity="accuracy among seen classes, own attributes less those of another one",
                measured=own["seen"] - dealt["seen"],
                at_least=-5,
                at_most=5,
                unit="points",
            ),
            Claim(
                text="Where seen classes may be said too, they win (Chao et al. 2016)",
                quantity="accuracy on unseen classes among these less that among all",
                measured=own["unseen"] - own["all"],
                at_least=5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.subplots()
        names = {"unseen": "unseen,\namong the unseen", "all": "unseen,\namong all", "seen": "seen,\namong the seen"}
        for shift, (method, label) in enumerate(METHODS.items()):
            values = np.stack([results.values(key, method=method) for key in names])
            place = np.arange(len(names)) + 0.4 * shift - 0.2
            axes.bar(place, values.mean(axis=1), 0.38, yerr=values.std(axis=1), capsize=3, label=label)
        axes.axhline(100 / HELD_OUT, color="gray", linestyle=":", label=f"guessing among {HELD_OUT}")
        axes.set_xticks(range(len(names)), names.values())
        axes.set(ylabel="accuracy, %", ylim=(0, 102), title=f"{self.subject}: digits in columns, told by attributes")
        axes.grid(alpha=0.3, axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
        save_figure(figure, folder / "zero_shot.png")
