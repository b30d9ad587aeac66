"""Spurious correlations: a network that reads the background fails where it misleads; a new last layer repairs it.

Sagawa, Koh, Hashimoto & Liang, "Distributionally Robust Neural Networks for Group Shifts", ICLR 2020, section 2 (the
groups of Waterbirds: 3,498, 184, 56 and 1,057 of 4,795 training pictures); Kirichenko, Izmailov & Wilson, "Last Layer
Re-Training is Sufficient for Robustness to Spurious Correlations", ICLR 2023, section 4 and figure 2.

Landbirds stand on land in 73 % of the training pictures and on water in 4 %, waterbirds on water in 22 % and on land in
1 %. Here the first half of the classes (digits below 5) are the landbirds, the others the waterbirds, and the
background is dark for land, gray for water. A network learns from these groups (empirical risk minimisation). Then its
last layer alone is learned anew from the validation split, held out so far, where each half stands on either background
equally often; the features stay as they are. Every test picture is shown on both backgrounds.

Run it by `keras-dl run spurious-correlations`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.analysis.last_layer import retrain_last_layer
from keras_dl.data import Split
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, below
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options

GROUPS = {"landbird on land": 0.73, "landbird on water": 0.04, "waterbird on land": 0.01, "waterbird on water": 0.22}
"""shares of the training pictures; group 2 * bird + background, where land is 0 and water 1"""
SHARES = np.array([*GROUPS.values()])
MAJORITY = [0, 3]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpuriousCorrelations(DataExperiment):
    """Train on groups of 73, 4, 1 and 22 %, then learn the last layer anew from balanced groups."""

    validation: float = 0.3
    """part of the training examples held out for the last layer, where the data has no validation split"""
    network: str = "mlp"
    """name of a network of the catalogue whose head is one dense layer"""
    water: Annotated[float, below(255)] = 128.0
    """pixel value of the background that stands for water; land is 0"""
    steps: Count = 400
    """training steps"""
    batch_size: Count = 32
    """pictures per training step"""
    learning_rate: Positive = 1e-3
    """Adam's"""

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        spec = self.dataset.spec
        spec.check_pictures()
        config = get_config(self.network).for_data(spec).replace(classes=2)
        data = self.dataset.resized(config.input_shape)
        generator = np.random.default_rng(seed)
        train, groups = birds(data.train, spec.classes, SHARES, self.water, generator)
        held_out, held_out_groups = birds(data.validation, spec.classes, np.full(4, 0.25), self.water, generator)

        loop = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps)
        model = loop.begin(seed)
        loop.fit(train.stream(self.batch_size, steps=self.steps, seed=seed))
        learned, features = self._accuracies(model, data.test)
        retrain_last_layer(model, held_out.inputs(), held_out.labels, held_out_groups, seed=seed)
        retrained, features_after = self._accuracies(model, data.test)
        return {
            "counts": np.bincount(groups, minlength=4).tolist(),
            "learned": learned,
            "retrained": retrained,
            "changed": float(np.abs(features_after - features).max()),
        }

    def _accuracies(self, model: keras.Model, test: Split) -> tuple[list[float], np.ndarray]:
        """The accuracy in % of each group, where every test picture stands on both backgrounds, and all features."""
        pictures, bird = test.inputs(), test.labels >= self.dataset.spec.classes // 2
        right, features = np.zeros((2, 2)), []
        for background in (0, 1):
            painted = paint(pictures, np.full(len(pictures), background), self.water)
            correct = model.predict(painted, verbose=0).argmax(axis=1) == bird
            right[:, background] = [100 * correct[bird == label].mean() for label in (0, 1)]
            features.append(surgery.embedding(model).predict(painted, verbose=0))
        return right.ravel().tolist(), np.stack(features)

    def claims(self, results: Results) -> list[Claim]:
        counts, learned, retrained = (results.values(key) for key in ("counts", "learned", "retrained"))
        return [
            Claim(
                text="The groups are 73, 4, 1 and 22 % of the training pictures (Sagawa et al. 2020)",
                quantity="largest difference of a group from its share, in pictures",
                measured=np.abs(counts - SHARES * counts.sum(axis=1, keepdims=True)).max(axis=1),
                at_most=1,
                exact=True,
            ),
            Claim(
                text="Where the background agrees, the network is right",
                quantity="test accuracy of the lower of the two large groups",
                measured=learned[:, MAJORITY].min(axis=1),
                at_least=95,
                unit="%",
            ),
            Claim(
                text="Where it misleads, the network fails (Sagawa et al. 2020, section 2)",
                quantity="test accuracy of the worst group",
                measured=learned.min(axis=1),
                at_most=65,
                unit="%",
            ),
            Claim(
                text="Its features hold what is needed: retraining the last layer repairs the worst group (Kirichenko "
                "et al. 2023, section 4)",
                quantity="gain in accuracy of the worst group",
                measured=retrained.min(axis=1) - learned.min(axis=1),
                at_least=20,
                unit="points",
            ),
            Claim(
                text="The repair costs little on pictures like those of the training",
                quantity="loss of mean accuracy, groups weighted by their shares",
                measured=(learned - retrained) @ SHARES,
                at_most=10,
                unit="points",
            ),
            Claim(
                text="Nothing but the last layer changes",
                quantity="largest change of a feature, over all test pictures",
                measured=results.values("changed"),
                at_most=0,
                exact=True,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7.5, 5.2), layout="constrained")
        *shown, axes = figure.subplot_mosaic("0123;BBBB", height_ratios=(1, 2)).values()
        test, classes = self.dataset.test, self.dataset.spec.classes
        for group, (name, share) in enumerate(GROUPS.items()):
            bird, background = divmod(group, 2)
            first = np.flatnonzero((test.labels >= classes // 2) == bird)[:1]
            picture = paint(test.take(first).inputs(), np.array([background]), self.water)[0]
            shown[group].imshow(np.clip(picture / 255, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
            shown[group].set_title(f"{name}\n{share:.0%} of training", fontsize=10)
            shown[group].axis("off")
        for shift, (key, label) in enumerate((("learned", "as learned"), ("retrained", "last layer retrained"))):
            values = results.values(key)
            style = {"yerr": values.std(axis=0), "capsize": 3, "color": ("C3", "C0")[shift], "label": label}
            axes.bar(np.arange(4) + 0.4 * shift - 0.2, values.mean(axis=0), 0.38, **style)
        axes.set_xticks(range(4), GROUPS)
        axes.set(ylabel="test accuracy, %", ylim=(0, 100), title=f"{self.network} on {self.subject}")
        axes.grid(alpha=0.3, axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
        save_figure(figure, folder / "groups.png")


def birds(
    split: Split, classes: int, shares: np.ndarray, water: float, generator: np.random.Generator
) -> tuple[Split, np.ndarray]:
    """As many pictures of `split` as fill the groups in these `shares` (4,), painted, and the group of each, (n,).

    The labels become 1 in the upper half of the `classes`. Raises `UsageError` where a group stays empty.
    """
    label = (split.labels >= classes // 2).astype(int)
    members = [generator.permutation(np.flatnonzero(label == bird)) for bird in (0, 1)]
    total = min((len(found) - 1) / shares[2 * bird : 2 * bird + 2].sum() for bird, found in enumerate(members))
    counts = np.round(max(total, 0) * shares).astype(int)
    if counts.min() < 1:
        raise UsageError(f"{len(split)} pictures are too few for groups of {', '.join(f'{s:.0%}' for s in shares)}")
    chosen = np.concatenate([found[: counts[2 * bird : 2 * bird + 2].sum()] for bird, found in enumerate(members)])
    groups = np.repeat(np.arange(4), counts)
    return Split.of(paint(split.take(chosen).inputs(), groups % 2, water), label[chosen]), groups


def paint(pictures: np.ndarray, backgrounds: np.ndarray, water: float) -> np.ndarray:
    """`pictures` (n, ...), bright strokes on black, on the pixel value `water` where `backgrounds` (n,) is 1."""
    level = (water * backgrounds).reshape(-1, *[1] * (pictures.ndim - 1)).astype("float32")
    return level + (255 - level) * pictures / 255
