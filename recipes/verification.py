"""Verification: whether two pictures are of one class, of classes that the network never saw, such as faces.

Taigman, Yang, Ranzato & Wolf, "DeepFace: Closing the Gap to Human-Level Performance in Face Verification", CVPR 2014,
sections 3.3 and 4: the features of a network that tells people apart, each divided by its largest value on the training
faces and all brought to length 1, compare the faces of others, by their inner product or by a weighted distance that
pairs of known faces have taught. Koch, Zemel & Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition",
2015, weight absolute differences likewise. Schroff, Kalenichenko & Philbin, "FaceNet", CVPR 2015, learn features by
triplets for this alone.

Three fifths of the classes train a network, drawn by the seed. Pairs of pictures of the others, half of them of
one class, are told by pixels, and by the features of an untrained network, of a classifier, of one of these classes and
their turns, and of networks that learned by episodes and triplets. The error is that of the threshold that makes as
many errors among pairs of one class as among the others.

Run it by `keras-dl run verification`, or for faces with `--data orl_faces --image-size 64`; the network of DeepFace
itself, `--network deepface --width 0.05`, takes larger ones.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Results
from keras_dl.experiments.unseen import METHODS, UnseenExperiment
from keras_dl.figures import save_figure

SMALLEST = 0.05
"""what a feature is divided by at least"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification(UnseenExperiment):
    """Tell whether two pictures are of one class never seen."""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        from keras_dl.learning.likeness import drawn_pairs, equal_error_rate

        """The equal error rate, in %, by the inner product, "angle", and by weighted differences, "weighted"."""
        theirs, features, known, unseen = self.features(method, seed)
        largest = np.maximum(theirs.max(axis=0), SMALLEST)
        theirs, features = (_unit(values / largest) for values in (theirs, features))
        first, second, same = drawn_pairs(unseen.labels)
        angle = equal_error_rate((features[first] * features[second]).sum(axis=1), same)
        weights = weighted(theirs, known.labels)
        differences = equal_error_rate(np.abs(features[first] - features[second]) @ weights, same)
        shared = len(np.intersect1d(known.labels, unseen.labels))
        return {"angle": 100 * angle, "weighted": 100 * differences, "shared": shared}

    def claims(self, results: Results) -> list[Claim]:
        angle = {method: results.values("angle", method=method) for method in METHODS}
        few = f"{self.seen} classes to learn from, in pictures of 8x8 pixels" if self.data == "digits" else ""
        return [
            Claim(
                text="The classes compared are none of those trained on",
                quantity="classes in both",
                measured=results.values("shared"),
                at_most=0,
                exact=True,
            ),
            Claim(
                text="A network that tells known classes apart compares others (Taigman et al. 2014)",
                quantity="equal error rate of an untrained network less that of a classifier",
                measured=angle["untrained"] - angle["turned"],
                at_least=3,
                unit="points",
                published="accuracy 97.35 % on pairs of faces, by three such networks",
            ),
            Claim(
                text="It does so better than pixels",
                quantity="equal error rate of pixels less that of a classifier",
                measured=angle["pixels"] - angle["turned"],
                at_least=2,
                unit="points",
                reason=few,
            ),
            Claim(
                text="Features learned for comparisons are better still: triplets (Schroff et al. 2015)",
                quantity="equal error rate of a classifier less that of triplets",
                measured=angle["turned"] - angle["triplets"],
                at_least=1,
                unit="points",
                published="accuracy 99.63 % on the same pairs",
                reason=few,
            ),
            Claim(
                text="A weighted distance that known pairs taught beats the plain one (Taigman et al. 2014, section 4)",
                quantity="equal error rate by inner products less that by weighted differences, classifier",
                measured=angle["turned"] - results.values("weighted", method="turned"),
                at_least=0.5,
                unit="points",
                reason=few,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10.5, 4.2), layout="constrained")
        axes = figure.subplots()
        for shift, key, label in ((-0.2, "angle", "inner product"), (0.2, "weighted", "weighted differences")):
            values = np.stack([results.values(key, method=method) for method in METHODS])
            places = np.arange(len(METHODS)) + shift
            axes.bar(places, values.mean(axis=1), 0.38, yerr=values.std(axis=1), capsize=3, label=label)
        axes.axhline(50, color="gray", linestyle=":", label="guessing")
        axes.set_xticks(range(len(METHODS)), METHODS.values())
        axes.set(ylabel="equal error rate, %", title=f"{self.subject}: pairs of classes never seen")
        axes.grid(alpha=0.3, axis="y")
        figure.legend(loc="outside lower center", ncols=3)
        save_figure(figure, folder / "verification.png")


def weighted(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights of absolute differences, (width,), by which pairs of `features` (n, width) are told to be of one class.

    They are those of a logistic regression on pairs of the classes `labels`, (n,).
    """
    from sklearn.linear_model import LogisticRegression

    from keras_dl.learning.likeness import drawn_pairs

    first, second, same = drawn_pairs(labels)
    return LogisticRegression(max_iter=1000).fit(np.abs(features[first] - features[second]), same).coef_[0]


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
