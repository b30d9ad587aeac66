"""Boltzmann machines: how chains make them learn, what their partition function is, and what their features are worth.

Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14, 2002: chains of k
steps that begin at the data (CD-k); Tieleman, "Training restricted Boltzmann machines using approximations to the
likelihood gradient", ICML 2008: chains that go on (PCD); Salakhutdinov & Murray, "On the quantitative analysis of deep
belief networks", ICML 2008: the partition function by annealed importance sampling. Scikit-learn's user guide,
"Restricted Boltzmann Machine features for digit classification": a logistic regression names 78 % of digits that are
moved by a pixel, and 93 % of them by the hidden units of a machine.

Small machines, whose every state can be added up, learn by CD-1, CD-10 and PCD in as many steps; likelihoods are those
of test pictures made black and white, in nats. A larger one learns pictures as they are and moved by a pixel to each
side, and makes features of them for a logistic regression, with all labels and with few. What fine-tuning gains from
machines is shown by `unsupervised_pretraining`.

Run it by `keras-dl run boltzmann`.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.data import Split
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.probe import linear_probe
from keras_dl.tasks import get_task
from keras_dl.training import Options

CHAINS = {
    "CD-1": get_task("contrastive_divergence", persistent=False),
    "CD-10": get_task("contrastive_divergence", persistent=False, steps=10),
    "PCD": get_task("contrastive_divergence"),
}
BATCH = 50
ENUMERATED = 16
"""hidden units, few enough to add up all their states"""
MOVED = 2000
"""pictures of a split at most that are moved"""
DREAMED, STEPS = 16, 1000
"""samples that are drawn, and steps of the chains to them"""
FILTERS = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class Boltzmann(DataExperiment):
    """Let machines learn by several chains, find how likely pictures are, and use hidden units as features."""

    seeds: Count = 3
    """how often each measurement is repeated, with other random numbers"""
    units: Count = 256
    """hidden units of the machine that makes features"""
    labels: Count = 100
    """labelled pictures of the logistic regression with few"""
    steps: Count = 5000
    """training steps of each machine, of 50 pictures"""
    learning_rate: Positive = 0.5
    """of SGD at first, falling to 0"""

    def cells(self) -> list[dict]:
        self.dataset.spec.check_pictures()
        self.check_examples(self.labels, "labels")
        return [*({"chains": name} for name in CHAINS), {"chains": "features"}]

    def measure(self, *, seed: int, chains: str) -> dict:
        return self._features(seed) if chains == "features" else self._likelihood(seed, chains)

    def _trained(self, units: int, chains: str, seed: int, pictures: Split) -> keras.Model:
        config = self._config(units)
        rate = {"learning_rate": self.learning_rate, "schedule": "linear"}
        options = Options(
            optimizer="sgd", **rate, steps_per_execution=math.gcd(self.steps, 50), batch_size=BATCH, seed=seed
        )
        loop = self.quiet(config, options, self.steps, task=CHAINS[chains])
        network = loop.begin(seed)
        loop.model.callbacks(dataclasses.replace(self.dataset, train=pictures))
        loop.model.begin_epoch(0, seed)
        loop.fit(pictures.stream(BATCH, steps=self.steps, seed=seed))
        return network

    def _config(self, units: int) -> Config:
        return get_config("rbm", units=(units,)).for_data(self.dataset.spec)

    def _likelihood(self, seed: int, chains: str) -> dict:
        from keras_dl.learning.energy import dreams
        from keras_dl.learning.partition import annealed, enumerated, log_likelihood

        machine = self._trained(ENUMERATED, chains, seed, self.dataset.train).get_layer("machine").machine
        exact = enumerated(machine)
        found = {"likelihood": float(log_likelihood(machine, self._black_and_white("test"), 1).mean())}
        if chains == "PCD":
            made = dreams(machine, range(DREAMED), STEPS).reshape(-1, *self.dataset.spec.shape)
            found |= {"error": annealed(machine, seed=seed) - exact, "dreams": made.round(3).tolist()}
        return found

    def _features(self, seed: int) -> dict:
        """What of 100 test pictures a logistic regression names, by pixels and by hidden units."""
        train, test = (moved(split) for split in (self.dataset.train, self.dataset.test))
        network = self._trained(self.units, "PCD", seed, train)
        hidden = self._config(self.units).representation(network)
        few = np.random.default_rng(seed).choice(len(train), self.labels, replace=False)
        found = {}
        for name, make in {
            "pixels": lambda x: x.reshape(len(x), -1) / 255,
            "hidden": lambda x: np.asarray(hidden(x)),
        }.items():
            known, asked = (make(split.inputs()) for split in (train, test))
            found[name] = 100 * linear_probe(known, train.labels, asked, test.labels)
            found[f"{name}_few"] = 100 * linear_probe(known[few], train.labels[few], asked, test.labels)
        kernel = np.asarray(network.get_layer("machine").kernels[0])[:, :FILTERS]
        return {**found, "filters": kernel.T.reshape(-1, *self.dataset.spec.shape).round(3).tolist()}

    def _black_and_white(self, split: str) -> np.ndarray:
        pictures = getattr(self.dataset, split).inputs()
        return (pictures.reshape(len(pictures), -1) > 127.5).astype("float32")

    def _alone(self) -> float:
        """The likelihood of test pictures where pixels know nothing of each other."""
        shares = self._black_and_white("train").mean(axis=0).clip(1e-3, 1 - 1e-3)
        white = self._black_and_white("test")
        return float((white * np.log(shares) + (1 - white) * np.log(1 - shares)).sum(axis=1).mean())

    def claims(self, results: Results) -> list[Claim]:
        likely = {name: results.values("likelihood", chains=name) for name in CHAINS}
        features = {
            name: results.values(name, chains="features") for name in ("pixels", "hidden", "pixels_few", "hidden_few")
        }
        return [
            Claim(
                text="Annealed importance sampling finds the partition function (Salakhutdinov & Murray 2008)",
                quantity="distance of its logarithm from the sum over all states",
                measured=np.abs(results.values("error", chains="PCD")),
                at_most=0.2,
                unit="nats",
            ),
            Claim(
                text="A machine finds pictures likelier than pixels alone do",
                quantity=f"likelihood of test pictures, PCD, {ENUMERATED} hidden units, less that of pixels alone",
                measured=likely["PCD"] - self._alone(),
                at_least=2,
                unit="nats",
            ),
            Claim(
                text="Chains that go on make the data likelier than one step from them (Tieleman 2008)",
                quantity="likelihood of test pictures by PCD less that by CD-1",
                measured=likely["PCD"] - likely["CD-1"],
                at_least=0.05,
                unit="nats",
            ),
            Claim(
                text="So do ten steps (Tieleman 2008, figure 1)",
                quantity="likelihood of test pictures by CD-10 less that by CD-1",
                measured=likely["CD-10"] - likely["CD-1"],
                at_least=0.05,
                unit="nats",
            ),
            Claim(
                text="Hidden units are better features than pixels for a logistic regression (scikit-learn's guide)",
                quantity="gain in test accuracy, all labels",
                measured=features["hidden"] - features["pixels"],
                at_least=5,
                unit="points",
                published="15 points, digits, 100 units",
            ),
            Claim(
                text="Also where few pictures have labels",
                quantity=f"gain in test accuracy, {self.labels} labels",
                measured=features["hidden_few"] - features["pixels_few"],
                at_least=5,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 3.8), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        likely = [results.values("likelihood", chains=name) - self._alone() for name in CHAINS]
        left.bar(list(CHAINS), [found.mean() for found in likely], yerr=[found.std() for found in likely], capsize=3)
        left.set(ylabel="nats a test picture", title=f"likelier than pixels alone, {ENUMERATED} hidden units")
        left.grid(alpha=0.3, axis="y")
        filters = results.values("filters", chains="features")[0].mean(axis=-1)
        filters = filters / np.abs(filters).max(axis=(1, 2), keepdims=True)
        middle.imshow(_mosaic(filters), cmap="coolwarm", vmin=-1, vmax=1)
        middle.set_title(f"weights of {FILTERS} of {self.units} hidden units", fontsize=10)
        right.imshow(_mosaic(results.values("dreams", chains="PCD")[0].mean(axis=-1)), cmap="gray", vmin=0, vmax=1)
        right.set_title(f"made of noise, {ENUMERATED} hidden units, PCD", fontsize=10)
        for axes in (middle, right):
            axes.set_axis_off()
        figure.suptitle(f"restricted Boltzmann machines, {self.subject}")
        save_figure(figure, folder / "boltzmann.png")


def moved(split: Split) -> Split:
    """The pictures of `split`, and each of them moved by a pixel to each of four sides."""
    few = split.take(range(min(MOVED, len(split))))
    pictures = few.inputs().astype("uint8")
    turned = [np.roll(pictures, step, axis) for step in (1, -1) for axis in (1, 2)]
    return Split.of(np.concatenate([pictures, *turned]), np.tile(few.labels, 5))


def _mosaic(pictures: np.ndarray) -> np.ndarray:
    """Sixteen of `pictures` (n, height, width), four to a row."""
    padded = np.pad(pictures, ((0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    return np.concatenate([np.concatenate(row, axis=1) for row in np.split(padded, 4)])
