"""Few-shot learning: classes that a network never saw, named after one or five examples of each.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, sections 2 and 3.1: on Omniglot,
98.8 % for one example of each of five new classes, after training on 1,200 classes and their turns by 90 degrees as
further ones. Taigman et al., "DeepFace", CVPR 2014, section 4: the representation of a network that tells the faces of
4,030 people apart compares the faces of others.

Three fifths of the classes train a network, drawn by the seed; the test split's pictures of the others are the
examples and the queries. The answer is the class whose mean is nearest: in pixels, in the features of an untrained
network, of a classifier of the training classes (as DeepFace uses it), of a classifier of these and their turns and
mirror images as classes of their own, and of a network trained on episodes of the same.

Run it by `keras-dl run few-shot`; `--data mnist` or `--data usps_zip` have more pictures, of more pixels.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.config import Config
from keras_dl.data import Split
from keras_dl.data.drawn import Episodes
from keras_dl.data.unseen import of_classes
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.few_shot import accuracies
from keras_dl.tasks import get_task
from keras_dl.training import Options

METHODS = {
    "pixels": "pixels",
    "untrained": "untrained\nnetwork",
    "classifier": "classifier of\nother classes",
    "turned": "classifier, classes\nalso turned",
    "prototypical": "prototypical,\nclasses also turned",
}
TURNS = 8
"""turns by 90 degrees, with and without mirroring"""
SHOTS = (1, 5)
EPISODES = 200
TRAINED = 0.6
"""share of the classes that the network is trained on"""
LARGER = "usps_zip, with as many classes but more and larger pictures, gains 11 to 15 points (3 seeds)"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FewShot(DataExperiment):
    """Name classes never seen by the nearest class mean, in pixels and in what networks make of them."""

    network: str = "nakkiran_cnn5"
    """name of a network of the catalogue"""
    width: Positive = 0.125
    """factor on the network's width"""
    steps: Count = 500
    """training steps of each network; those of the prototypical one are episodes"""
    batch_size: Count = 64
    """pictures per training step of the classifier"""
    learning_rate: Positive = 1e-3
    """Adam's"""
    queries: Count = 5
    """pictures of each class to be named, in each episode"""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in METHODS]

    @property
    def seen(self) -> int:
        """How many classes train the network."""
        return round(TRAINED * self.dataset.spec.classes)

    def measure(self, *, seed: int, method: str) -> dict:
        spec = self.dataset.spec
        if spec.classes - self.seen < 2:
            raise UsageError(f"few-shot learning needs 4 classes or more, {spec.name} has {spec.classes}")
        config = get_config(self.network).scaled(width=self.width).for_data(spec)
        data = self.dataset.resized(config.input_shape)
        classes = np.random.default_rng(seed).permutation(spec.classes)
        train, test = of_classes(data.train, classes[: self.seen]), of_classes(data.test, classes[self.seen :])
        embed = self._embedding(config, train, method, seed)
        parts = [(x if embed is None else embed(x, training=False)).numpy() for x, _ in test.batches(256)]
        features = np.concatenate(parts).reshape(len(test), -1)
        found = {"shared": len(np.intersect1d(train.labels, test.labels))}
        for shots in SHOTS:
            size = {"ways": spec.classes - self.seen, "shots": shots, "queries": self.queries}
            found[f"shots{shots}"] = 100 * accuracies(features, test.labels, **size, count=EPISODES, seed=seed).mean()
        return found

    def _embedding(self, config: Config, train: Split, method: str, seed: int) -> keras.Model | None:
        """The network that makes features, None for pixels."""
        if method == "pixels":
            return None
        if method in ("turned", "prototypical"):
            train = turned(train)
        labelled = Split.of(train.inputs(), np.unique(train.labels, return_inverse=True)[1])
        task, size = get_task("classification"), self.batch_size
        if method == "prototypical":
            task, size = get_task("prototypical", queries=self.queries), self.seen * (1 + self.queries)
            labelled = dataclasses.replace(labelled, drawn=Episodes(labelled.labels, 1 + self.queries))
        config = config.replace(classes=int(labelled.labels.max()) + 1)
        training = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps, task=task)
        network = training.begin(seed)
        if method != "untrained":
            training.fit(labelled.stream(size, steps=self.steps, seed=seed))
        return surgery.embedding(network)

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
                text="One example of each new class is enough for a prototypical network (Snell et al. 2017, table 1)",
                quantity=f"1-shot accuracy, {self.dataset.spec.classes - self.seen} classes",
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
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.subplots()
        for shift, shots in enumerate(SHOTS):
            values = np.stack([results.values(f"shots{shots}", method=method) for method in METHODS])
            label = f"{shots} example{'s' if shots > 1 else ''} of each class"
            place = np.arange(len(METHODS)) + 0.4 * shift - 0.2
            axes.bar(place, values.mean(axis=1), 0.38, yerr=values.std(axis=1), capsize=3, label=label)
        ways = self.dataset.spec.classes - self.seen
        axes.axhline(100 / ways, color="gray", linestyle=":", label="guessing")
        axes.set_xticks(range(len(METHODS)), METHODS.values())
        title = f"{self.subject}: {ways} classes never seen, after training on {self.seen} others"
        axes.set(ylabel="accuracy of the nearest class mean, %", ylim=(0, 100), title=title)
        axes.grid(alpha=0.3, axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)
        save_figure(figure, folder / "few_shot.png")


def turned(split: Split) -> Split:
    """The pictures of `split` (n, side, side, channels) and their `TURNS`, each turn of a class a class of its own."""
    pictures = split.inputs()
    if pictures.shape[1] != pictures.shape[2]:
        raise UsageError(f"only square pictures can be turned, got {pictures.shape[1:]}; give image_size")
    turns = [np.rot90(side, count, axes=(1, 2)) for side in (pictures, pictures[:, :, ::-1]) for count in range(4)]
    return Split.of(np.concatenate(turns), np.concatenate([split.labels * TURNS + n for n in range(TURNS)]))
