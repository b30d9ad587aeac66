"""Good representations: distributed, more abstract the deeper they are, with the factors of the data apart.

What a lecture asks of a representation, after Bengio, Courville & Vincent, "Representation Learning: A Review and New
Perspectives", TPAMI 2013, section 3. The pictures have four factors that are known and vary by themselves: which digit,
in which column and row it stands, and how bright it is.

- Distributed: several numbers that each tell something name more than as many classes of which one holds (Bengio 2009,
  "Learning Deep Architectures for AI", section 3.2). A variational autoencoder's code of five numbers stands beside the
  nearest of five clusters.
- Abstract: the deeper a layer of a classifier, the better it tells the digit, and the worse the other factors. Each
  layer is half as wide as the one before, so that not everything passes. All are told by one linear probe.
- Apart: a number of the code is about one factor. The code stands beside itself, turned in its space, which holds the
  same and tells it as well to a linear probe, by the mutual information gap (Chen et al. 2018, NeurIPS). That
  autoencoders find all factors without labels is not to be expected (Locatello et al. 2019, ICML).

Run it by `keras-dl run disentangling`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data.factors import FACTORS, mutual_information_gap, placed_digits
from keras_dl.data.split import Split
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.probe import linear_probe
from keras_dl.tasks import get_task
from keras_dl.training import Options

CODES = {"clusters": "nearest of\nas many clusters", "code": "code", "turned": "the code,\nturned"}
TURNS = 5
LAYERS = {"pixels": "pixels", "layer1": "layer 1", "layer2": "layer 2", "layer3": "layer 3"}
NUISANCES = ("column", "row", "brightness")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Disentangling(DataExperiment):
    """Ask codes and layers what they tell of four known factors."""

    seeds: Count = 3
    """how often each measurement is repeated, with other places and first weights"""
    copies: Count = 3
    """places and brightnesses that each digit is seen in"""
    numbers: Count = 5
    """of the code, and clusters"""
    units: Count = 64
    """of the first layer of the classifier; the autoencoder has twice as many"""
    steps: Count = 1500
    """training steps of either network"""
    batch_size: Count = 64
    """pictures per step"""
    learning_rate: Positive = 2e-3
    """Adam's"""

    def cells(self) -> list[dict]:
        placed_digits(self.dataset.test, 1, 0)
        return [{"network": name} for name in ("autoencoder", "classifier")]

    def measure(self, *, seed: int, network: str) -> dict:
        """For each representation what a linear probe tells of each factor, in %, and for codes their "gap"."""
        train, test = (placed_digits(split, self.copies, seed) for split in (self.dataset.train, self.dataset.test))
        made = self._codes if network == "autoencoder" else self._layers
        found = made(seed, train[0], test[0])
        told = {
            name: {
                factor: 100 * linear_probe(known, train[1][:, place], asked, test[1][:, place])
                for place, factor in enumerate(FACTORS)
            }
            for name, (known, asked) in found.items()
        }
        return {"told": told, "gap": self._gaps(seed, found["code"][0], train[1]) if "code" in found else {}}

    def _gaps(self, seed: int, code: np.ndarray, factors: np.ndarray) -> dict[str, float]:
        """The gap of the `code` (n, numbers), and its mean over several turns."""
        turned = [mutual_information_gap(code @ self._turn([seed, number]), factors) for number in range(TURNS)]
        return {"code": mutual_information_gap(code, factors), "turned": float(np.mean(turned))}

    def _turn(self, seed: list[int]) -> np.ndarray:
        """A rotation of the space of codes, drawn by `seed`."""
        return np.linalg.qr(np.random.default_rng(seed).normal(size=(self.numbers, self.numbers)))[0]

    def _trained(self, name: str, task: str, seed: int, train: Split, **size) -> keras.Model:
        spec = self.dataset.spec.replace("image", shape=train.shape)
        config = get_config(name, **size).for_data(spec)
        loop = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps, task=get_task(task))
        network = loop.begin(seed)
        loop.fit(train.stream(self.batch_size, steps=self.steps, seed=seed))
        return network

    def _codes(self, seed: int, train: Split, test: Split) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Those of the training and the test pictures."""
        from sklearn.cluster import KMeans

        size = {"units": 2 * self.units, "latent_width": self.numbers}
        network = self._trained("vae", "variational_autoencoding", seed, train, **size)
        encoder = network.get_layer("encoder")
        code = tuple(keras.ops.convert_to_numpy(encoder(split.inputs())["mean"]) for split in (train, test))
        flat = [split.inputs().reshape(len(split), -1) for split in (train, test)]
        clusters = KMeans(self.numbers, n_init=1, random_state=seed).fit(flat[0])
        nearest = tuple(np.eye(self.numbers)[clusters.predict(pictures)] for pictures in flat)
        return {"clusters": nearest, "code": code, "turned": tuple(one @ self._turn([seed, 0]) for one in code)}

    def _layers(self, seed: int, train: Split, test: Split) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The pixels, and what each hidden layer of a classifier of the digit makes of them."""
        hidden = tuple(max(1, self.units // 2**index) for index in range(3))
        network = self._trained("mlp", "classification", seed, train, hidden=hidden)
        outputs = {f"layer{index}": network.get_layer(f"stage{index}_activation").output for index in (1, 2, 3)}
        layers = keras.Model(network.input, {"pixels": network.get_layer("flatten").output, **outputs})
        found = [
            keras.tree.map_structure(keras.ops.convert_to_numpy, layers(split.inputs())) for split in (train, test)
        ]
        return {name: tuple(part[name] for part in found) for name in LAYERS}

    def claims(self, results: Results) -> list[Claim]:
        codes, layers = (_told(results, network) for network in ("autoencoder", "classifier"))
        rows = results.values("gap", network="autoencoder")
        gaps = {name: np.array([row[name] for row in rows]) for name in ("code", "turned")}
        means = {name: np.mean([*factors.values()], axis=0) for name, factors in codes.items()}
        others = {name: np.mean([factors[one] for one in NUISANCES], axis=0) for name, factors in layers.items()}
        return [
            Claim(
                text="A distributed code tells more than a local one of as many numbers (Bengio 2009)",
                quantity="accuracy of a linear probe, mean of four factors, code less clusters",
                measured=means["code"] - means["clusters"],
                at_least=10,
                unit="points",
            ),
            Claim(
                text="Deeper layers tell the class better (Bengio et al. 2013, section 3.3)",
                quantity="accuracy of a linear probe for the digit, third layer less pixels",
                measured=layers["layer3"]["digit"] - layers["pixels"]["digit"],
                at_least=5,
                unit="points",
            ),
            Claim(
                text="They are more abstract: what the class does not depend on fades",
                quantity="accuracy for column, row and brightness, first layer less third",
                measured=others["layer1"] - others["layer3"],
                at_least=5,
                unit="points",
            ),
            Claim(
                text="An autoencoder's numbers are about factors, more than directions between them (Chen et al. 2018)",
                quantity="mutual information gap, code less the same code turned",
                measured=gaps["code"] - gaps["turned"],
                at_least=0.01,
                published="0.2 to 0.5 on sprites made by five factors, from memory",
            ),
            Claim(
                text="A turned code holds as much: what differs is not what is told, but where",
                quantity="accuracy of a linear probe, mean of four factors, code less turned",
                measured=means["code"] - means["turned"],
                at_least=-2,
                at_most=2,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        for axes, (network, names) in zip(
            figure.subplots(1, 2), {"autoencoder": CODES, "classifier": LAYERS}.items(), strict=True
        ):
            told = _told(results, network)
            for shift, factor in enumerate(FACTORS):
                values = np.stack([told[name][factor] for name in names])
                place = np.arange(len(names)) + 0.2 * shift - 0.3
                axes.bar(place, values.mean(axis=1), 0.18, yerr=values.std(axis=1), capsize=2, label=factor)
            axes.set_xticks(range(len(names)), names.values())
            axes.set(ylabel="accuracy of a linear probe, %", ylim=(0, 102), title=network)
            axes.grid(alpha=0.3, axis="y")
        axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(-0.1, -0.14))
        save_figure(figure, folder / "disentangling.png")


def _told(results: Results, network: str) -> dict[str, dict[str, np.ndarray]]:
    """By representation and factor what a probe tells, (seeds,), in %."""
    rows = results.values("told", network=network)
    return {name: {factor: np.array([row[name][factor] for row in rows]) for factor in FACTORS} for name in rows[0]}
