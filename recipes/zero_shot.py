"""Zero-shot learning: classes of which no example was seen are told by what is known of their labels.

The lecture names it beside multi-task and few-shot learning: what several tasks share tells about one that is new.
Lampert, Nickisch & Harmeling, "Learning to Detect Unseen Object Classes by Between-Class Attribute Transfer", CVPR
2009, tell ten kinds of animals never seen by 85 attributes, such as stripes: 40.5 % are right, where guessing gives 10
%. Frome et al., "DeViSE", NIPS 2013, take the vectors of the words that classes are called.

A digit is known here by the segments that a pocket calculator lights for it: seven attributes. Networks learn by the
task zero_shot from pictures of eight digits to point where the segments do, and are asked which of the two others a
picture shows; which two differs from seed to seed. The control has the same vectors, dealt to other digits: what is
learned of the seen ones is as good, and tells nothing of the others. Where all ten digits may be said, seen ones win
most often (Chao et al. 2016, "generalized zero-shot learning").

Run it by `keras-dl run zero-shot`; `--data mnist` takes larger pictures.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data.unseen import LABEL, of_classes
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet

SEGMENTS = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")
"""lit for each digit: a at the top, then clockwise, f at the upper left, g in the middle"""
METHODS = {"segments": "segments of the digit", "dealt": "segments of another digit"}
HELD_OUT = 2


def vectors() -> np.ndarray:
    """For each digit 1 where a segment is lit, and -1 where it is dark: (10, 7)."""
    return np.array([[1.0 if name in lit else -1.0 for name in "abcdefg"] for lit in SEGMENTS])


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZeroShot(DataExperiment):
    """Tell two digits never seen by their segments, and by those of other digits."""

    seeds: Count = 10
    """how often each measurement is repeated, with other digits that are held out, and other first weights"""
    network: str = "zero_shot_label_embedding"
    """name of a network of the catalogue"""
    steps: Count = 600
    """training steps"""
    batch_size: Count = 64
    """pictures per step"""
    learning_rate: Positive = 3e-3
    """Adam's"""

    def cells(self) -> list[dict]:
        spec = self.dataset.spec
        spec.check_pictures()
        if spec.classes != len(SEGMENTS):
            raise UsageError(f"zero-shot needs pictures of ten digits; {self.data} has {spec.classes} classes")
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        """Accuracies in %: of "unseen" digits among these, of them among "all", and of "seen" ones among the seen."""
        generator = np.random.default_rng(seed)
        order = generator.permutation(len(SEGMENTS))
        unseen, seen = np.sort(order[:HELD_OUT]), np.sort(order[HELD_OUT:])
        given = vectors()
        if method == "dealt":
            given = given[np.roll(order, 1)[np.argsort(order)]]  # no digit keeps its own
        data = self.dataset
        spec = data.spec.replace(LABEL, seen=tuple(seen.tolist()), vectors=tuple(map(tuple, given.tolist())))
        task = get_task("zero_shot").for_data(spec)
        config = get_config(self.network).for_data(spec).replace(classes=given.shape[1])
        data = data.resized(getattr(config, "input_shape", spec.shape))
        training = Quiet.of(config, Options(learning_rate=self.learning_rate), self.steps, task=task)
        network, train = training.begin(seed), of_classes(data.train, seen)
        training.fit(train.stream(self.batch_size, steps=self.steps, seed=seed, arrange=task.arrange(network)))
        others, known = (task.scores(network, config, of_classes(data.test, of), spec) for of in (unseen, seen))
        return {
            "unseen": 100 * others["accuracy"],
            "all": 100 * others["generalized_accuracy"],
            "seen": 100 * known["accuracy"],
            "held_out": unseen.tolist(),
        }

    def claims(self, results: Results) -> list[Claim]:
        own, dealt = (
            {key: results.values(key, method=method) for key in ("unseen", "all", "seen")} for method in METHODS
        )
        return [
            Claim(
                text="Classes never seen are told by their attributes (Lampert et al. 2009)",
                quantity=f"accuracy among {HELD_OUT} digits never seen, less guessing",
                measured=own["unseen"] - 100 / HELD_OUT,
                at_least=15,
                unit="points",
                published="40.5 % among ten animals, guessing gives 10 %",
            ),
            Claim(
                text="It is the attributes that tell them",
                quantity="accuracy with the segments of the digit less that with those of another one",
                measured=own["unseen"] - dealt["unseen"],
                at_least=15,
                unit="points",
            ),
            Claim(
                text="Digits that were seen are told as well by any vectors",
                quantity="accuracy among seen digits, segments of the digit less those of another one",
                measured=own["seen"] - dealt["seen"],
                at_least=-3,
                at_most=3,
                unit="points",
            ),
            Claim(
                text="Where seen classes may be said too, they win (Chao et al. 2016)",
                quantity="accuracy on unseen digits among these less that among all ten",
                measured=own["unseen"] - own["all"],
                at_least=15,
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
        axes.set(ylabel="accuracy, %", ylim=(0, 102), title=f"{self.subject}: digits told by segments")
        axes.grid(alpha=0.3, axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
        save_figure(figure, folder / "zero_shot.png")
