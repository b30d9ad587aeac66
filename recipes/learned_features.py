"""Learned features: hidden layers are basis functions that were learned, and each is a better one than the last.

Alain & Bengio, "Understanding Intermediate Layers Using Linear Classifier Probes", ICLR workshop 2017; Zeiler & Fergus,
"Visualizing and Understanding Convolutional Networks", ECCV 2014, for pictures of filters.

A network with a linear output, trained by squared error, is linear regression on its last hidden layer. Where training
has converged, least squares on those features finds the output layer that is already there: its gradient is zero. The
change is measured against the variance of the targets. Against the training error itself, which goes to zero as well,
it stays at some percent. The same network at its random weights has as many features, and worse ones.
Then a linear classifier is fitted on each layer's outputs, standardised, for training examples, and tried on the test
split: it shows how much of the work is done up to there.

Run it by `keras-dl run learned-features`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Counts, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.probe import linear_probe
from keras_dl.training import Options
from keras_dl.training.order import random_order

FILTERS = 24


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnedFeatures(DataExperiment):
    """Refit the output layer by least squares and probe every layer by a linear classifier."""

    hidden: Counts = (64, 32, 16)
    """units of the hidden layers"""
    steps: Count = 3000
    """training steps"""
    batch_size: Count = 128
    """examples per step"""
    learning_rate: Positive = 5e-3
    """Adam's at the start; it falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        """Training errors of the "network", after a "refit", and of "random" features with least squares, all over
        the targets' variance; "probes", the test accuracy from the input to the last hidden layer, in %; its accuracy
        as it is, "accuracy"; the "filters" of the first layer, times each input's spread, where inputs are pictures."""
        data = self.dataset
        train, test = data.train.inputs(), data.test.inputs()
        targets = np.eye(data.spec.classes, dtype="float32")[data.train.labels]
        config = get_config("mlp", hidden=self.hidden, activation="tanh").for_data(data.spec)
        options = Options(learning_rate=self.learning_rate, schedule="cosine", warmup=0)
        loop = self.quiet(config, options, self.steps, loss="mse")
        model = loop.begin(seed)
        hidden = [layer.output for layer in model.layers if layer.name.endswith("activation")]
        layers = keras.Model(model.input, [model.get_layer("flatten").output, *hidden, model.output])
        random = layers(train)[-2].numpy()
        order = random_order(len(train), self.steps, self.batch_size, np.random.default_rng(seed))
        loop.run(train, targets, order)
        *seen, answers = (tensor.numpy() for tensor in layers(train))
        *unseen, guesses = (tensor.numpy() for tensor in layers(test))
        kernel = model.get_layer("stage1_dense").kernel.numpy() * seen[0].std(axis=0)[:, None]
        picture = data.spec.kind == "image"
        return {
            "network": float(np.square(answers - targets).mean() / targets.var(axis=0).mean()),
            "refit": unexplained(seen[-1], targets),
            "random": unexplained(random, targets),
            "probes": [
                100 * linear_probe(a, data.train.labels, b, data.test.labels) for a, b in zip(seen, unseen, strict=True)
            ],
            "accuracy": float(100 * (guesses.argmax(axis=1) == data.test.labels).mean()),
            "filters": kernel.T[:FILTERS].reshape(-1, *data.spec.shape).round(4).tolist() if picture else [],
        }

    def claims(self, results: Results) -> list[Claim]:
        network, refit, random = (results.values(key) for key in ("network", "refit", "random"))
        probes = results.mean("probes")
        return [
            Claim(
                text="A deep network is least squares on basis functions that it has learned (lecture)",
                quantity="share of the targets' variance that refitting the output layer explains in addition",
                measured=100 * (network - refit),
                unit="%",
                at_most=1,
            ),
            Claim(
                text="The same, against the training error itself (the criterion as it was proposed)",
                quantity="fall of the training error by refitting the output layer",
                measured=100 * (1 - refit / network),
                unit="%",
                at_most=1,
                reason="training shrinks the error, not the share of it that refitting takes away: after 12,000 steps "
                "the error was 190 times smaller and the share still 5 % (one seed)",
            ),
            Claim(
                text="The basis functions are learned: random ones of the same form are worse",
                quantity="training error of least squares on the trained features over that on random ones",
                measured=refit / random,
                at_most=0.5,
            ),
            Claim(
                text="Linear probes get better from layer to layer (Alain & Bengio 2017, figure 5)",
                quantity="largest fall of the mean accuracy from one layer to the next",
                measured=max(0.0, -np.diff(probes).min()),
                unit="points",
                at_most=1,
            ),
            Claim(
                text="The last hidden layer separates the classes better than the input does (the same)",
                quantity="accuracy of the probe of the last hidden layer less that of the input",
                measured=results.values("probes")[:, -1] - results.values("probes")[:, 0],
                unit="points",
                at_least=0,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        probes = results.values("probes")
        names = ["input", *(f"layer {n}\n{units} units" for n, units in enumerate(self.hidden, start=1))]
        left.errorbar(names, probes.mean(axis=0), probes.std(axis=0), marker="o", capsize=4)
        left.axhline(results.mean("accuracy"), color="gray", ls="--", label="the network itself")
        left.set(ylabel="test accuracy of a linear classifier, %", title="Linear probes")
        left.legend()
        kinds = {"random": "random\nfeatures", "network": "network\nas trained", "refit": "learned\nfeatures"}
        values = [100 * results.values(kind) for kind in kinds]
        right.bar(list(kinds.values()), [v.mean() for v in values], yerr=[v.std() for v in values], capsize=4)
        right.set(ylabel="training error, % of the targets' variance", title="Least squares on the last hidden layer")
        for panel in (left, right):
            panel.grid(alpha=0.3, axis="y")
        save_figure(figure, folder / "learned_features.png")
        if filters := results.rows[0]["filters"]:
            _draw_filters(np.array(filters), folder / "filters.png")


def _draw_filters(filters: np.ndarray, path: Path) -> None:
    """Weights into units of the first layer, (units, height, width, channels), as pictures."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = figure.subplots(3, FILTERS // 3, squeeze=False).ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, weights in zip(panels, filters, strict=False):
        largest = np.abs(weights).max()
        panel.imshow(weights.mean(axis=2), cmap="RdBu_r", vmin=-largest, vmax=largest)
    figure.suptitle("Weights into units of the first hidden layer, times each pixel's spread (red above 0, blue below)")
    save_figure(figure, path)


def unexplained(features: np.ndarray, targets: np.ndarray) -> float:
    """The share of the variance of `targets` (n, outputs) that least squares on `features` (n, m) leaves."""
    design = np.c_[features, np.ones(len(features))].astype("float64")
    answers = design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    return float(np.square(answers - targets).mean() / targets.var(axis=0).mean())
