"""One-shot learning: classes that a network never saw, named after one or five examples of each.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, sections 2 and 3.1: on Omniglot,
98.8 % for one example of each of five new classes, after training on 1,200 classes and their turns by 90 degrees as
further ones. Taigman et al., "DeepFace", CVPR 2014, section 4: the representation of a network that tells the faces of
4,030 people apart compares the faces of others. Schroff et al., "FaceNet", CVPR 2015, learn such a representation by
triplets.

Three fifths of the classes train a network, drawn by the seed; pictures of the others are the examples and the queries.
The answer is the class whose mean is nearest: in pixels, in the features of an untrained
network, of a classifier of the training classes (as DeepFace uses it), of a classifier of these and their turns and
mirror images as classes of their own, and of networks trained on episodes and on triplets of the same.

Run it by `keras-dl run one-shot`; `--data mnist` or `--data usps_zip` have more pictures, of more pixels, and
`--data omniglot_background --network prototypical_net --width 1` has 964 classes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Results
from keras_dl.experiments.unseen import METHODS, UnseenExperiment
from keras_dl.fields import Count
from keras_dl.figures import save_figure
from keras_dl.learning.few_shot import accuracies

WAYS, SHOTS = 5, (1, 5)
EPISODES = 200
LARGER = "usps_zip, with as many classes but more and larger pictures, gains 11 to 15 points (3 seeds)"


@dataclasses.dataclass(frozen=True, kw_only=True)
class OneShot(UnseenExperiment):
    """Name classes never seen by the nearest class mean, in pixels and in what networks make of them."""

    queries: Count = 5
    """pictures of each class to be named, in each episode"""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in METHODS]

    @property
    def ways(self) -> int:
        """Classes of an episode."""
        return min(WAYS, self.dataset.spec.classes - self.seen)

    def measure(self, *, seed: int, method: str) -> dict:
        _, features, known, unseen = self.features(method, seed)
        found = {"shared": len(np.intersect1d(known.labels, unseen.labels))}
        for shots in SHOTS:
            size = {"ways": self.ways, "shots": shots, "queries": self.queries}
            found[f"shots{shots}"] = 100 * accuracies(features, unseen.labels, **size, count=EPISODES, seed=seed).mean()
        return found

    def claims(self, results: Results) -> list[Claim]:
        one, five = ({m: results.values(f"shots{shots}", method=m) for m in METHODS} for shots in SHOTS)
        small = LARGER if self.data == "digits" else ""
        brought = (one["turned"] - one["classifier"]).mean()
        few = f"{self.seen} classes to learn from; their turns, as classes of their own, bring {brought:.1f} points"
        return [
            Claim(
                text="The classes named are none of those trained on",
                quantity="classes in both",
                measured=results.values("shared"),
                at_most=0,
                exact=True,
            ),
            Claim(
                text="What a network learns from other classes helps to compare new ones (Taigman et al. 2014)",
                quantity="1-shot accuracy in a classifier's features less that in an untrained network's",
                measured=one["turned"] - one["untrained"],
                at_least=5,
                unit="points",
            ),
            Claim(
                text="The more classes it learned, the better: turns count as classes (Snell et al. 2017, section 3.1)",
                quantity="1-shot accuracy of a classifier with turned classes less that of one without",
                measured=one["turned"] - one["classifier"],
                at_least=2,
                unit="points",
            ),
            Claim(
                text="A classifier's features are a better representation than pixels (Taigman et al. 2014)",
                quantity="1-shot accuracy, classes also turned, less that in pixels",
                measured=one["turned"] - one["pixels"],
                at_least=2,
                unit="points",
                reason=small,
            ),
            Claim(
                text="So are those of a prototypical network (Snell et al. 2017)",
                quantity="1-shot accuracy less that in pixels",
                measured=one["prototypical"] - one["pixels"],
                at_least=2,
                unit="points",
                reason=small,
            ),
            Claim(
                text="So are those of triplets (Schroff et al. 2015)",
                quantity="1-shot accuracy less that in pixels",
                measured=one["triplets"] - one["pixels"],
                at_least=2,
                unit="points",
                reason=small,
            ),
            Claim(
                text="One example of each new class is enough for a prototypical network (Snell et al. 2017, table 1)",
                quantity=f"1-shot accuracy, {self.ways} classes",
                measured=one["prototypical"],
                at_least=85,
                unit="%",
                published="98.8 %, five classes of Omniglot",
                reason=few,
            ),
            Claim(
                text="The mean of five examples is a better prototype than one (Snell et al. 2017, table 1)",
                quantity="5-shot accuracy of a prototypical network less its 1-shot accuracy",
                measured=five["prototypical"] - one["prototypical"],
                at_least=5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10.5, 4.2), layout="constrained")
        axes = figure.subplots()
        for shift, shots in enumerate(SHOTS):
            values = np.stack([results.values(f"shots{shots}", method=method) for method in METHODS])
            label = f"{shots} example{'s' if shots > 1 else ''} of each class"
            place = np.arange(len(METHODS)) + 0.4 * shift - 0.2
            axes.bar(place, values.mean(axis=1), 0.38, yerr=values.std(axis=1), capsize=3, label=label)
        axes.axhline(100 / self.ways, color="gray", linestyle=":", label="guessing")
        axes.set_xticks(range(len(METHODS)), METHODS.values())
        title = f"{self.subject}: {self.ways} classes never seen, after training on {self.seen} others"
        axes.set(ylabel="accuracy of the nearest class mean, %", ylim=(0, 100), title=title)
        axes.grid(alpha=0.3, axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)
        save_figure(figure, folder / "one_shot.png")
