"""The table of 1989: five networks on few digits, from no hidden layer to shared weights.

LeCun, "Generalization and network design strategies", CRG-TR-89-4, University of Toronto, 1989; Hastie, Tibshirani &
Friedman, "The Elements of Statistical Learning", 2nd ed., section 11.7 and table 11.1.

Run it by `keras-dl run esl-nets`; `--data usps_zip` takes the digits of the book, and `--protocol all` trains on the
whole training split instead of LeCun's 320 pictures.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table

from keras_dl import describe, get_config, storage
from keras_dl.data import Data, Split, load
from keras_dl.errors import UsageError
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.recipe import Recipe
from keras_dl.training import Options
from keras_dl.training.objective import compile_model

PUBLISHED = {"esl_net1": 80.0, "esl_net2": 87.0, "esl_net3": 88.5, "esl_net4": 94.0, "esl_net5": 98.4}
CLAIMED_LEAD = 5.0
DRAWINGS, POSITIONS = 12, 4
CURVE_POINTS = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class EslNets(Recipe):
    """Train the five networks on the same pictures and compare their test accuracies with the published ones."""

    data: str = "digits"
    """digits of ten classes: "digits", or a name of tensorflow-datasets"""
    data_dir: str | None = None
    """where tensorflow-datasets keeps its data; default TFDS_DATA_DIR, then its own"""
    protocol: Literal["1989", "all"] = "1989"
    """1989: 12 drawings of each digit at 4 horizontal positions, 320 to train and 160 to test; all: the data's splits"""
    seeds: int = 5
    """how often all is repeated, with other drawings and initial weights"""
    epochs: int = 200
    """passes over the training pictures"""
    batch_size: int = 32
    """pictures per step"""
    learning_rate: float = 3e-3
    """Adam's"""

    def __post_init__(self):
        super().__post_init__()
        if self.seeds < 1:
            raise UsageError(f"seeds must be at least 1, got {self.seeds}")
        self._options()

    def _options(self) -> Options:
        return Options(epochs=self.epochs, batch_size=self.batch_size, learning_rate=self.learning_rate)

    def run(self) -> list[dict]:
        """Returns a row per network and seed: "network", "seed", "curve" (test accuracy, %, over the training)."""
        folder = self.folder()
        console = Console()
        data = load(self.data, data_dir=self.data_dir).resized((16, 16, 1))
        if data.spec.classes != 10:
            raise UsageError(f"the five networks tell 10 digits apart; {self.data} has {data.spec.classes} classes")
        ledger = folder / "results.jsonl"
        rows = storage.read_lines(ledger)
        done = {(row["network"], row["seed"]) for row in rows}
        jobs = [(network, seed) for seed in range(self.seeds) for network in PUBLISHED if (network, seed) not in done]
        for network, seed in track(jobs, "training", console=console):
            train, test = lecun_1989(data, seed) if self.protocol == "1989" else (data.train, data.test)
            rows.append({"network": network, "seed": seed, "curve": self._learn(network, train, test, seed)})
            storage.append_line(ledger, rows[-1])
        self._report(rows, console)
        return rows

    def _learn(self, network: str, train: Split, test: Split, seed: int) -> list[float]:
        keras.utils.set_random_seed(seed)
        config = get_config(network)
        model = config.build()
        steps = max(1, self.epochs * len(train) // self.batch_size // CURVE_POINTS)
        compile_model(model, config, self._options(), steps)
        batches, curve = test.batches(256).cache(), []
        for part in range(CURVE_POINTS):
            model.fit(train.stream(self.batch_size, steps=steps, seed=seed * CURVE_POINTS + part), verbose=0)
            curve.append(100 * model.evaluate(batches, verbose=0, return_dict=True)["accuracy"])
        return curve

    def _report(self, rows: list[dict], console: Console) -> None:
        folder = self.folder()
        curves = {n: np.array([row["curve"] for row in rows if row["network"] == n]) for n in PUBLISHED}
        table = Table(
            "network", "weights", "links", "published, %", "here, %",
            title=f"{self.data}, protocol {self.protocol}: test accuracy, mean and spread over {self.seeds} seeds",
        )
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        epochs = np.linspace(0, self.epochs, CURVE_POINTS + 1)[1:]
        for network, curve in curves.items():
            sizes, last = describe(network), curve[:, -1]
            table.add_row(
                network, f"{sizes.parameters:,}", f"{sizes.links:,}", f"{PUBLISHED[network]:.1f}",
                f"{last.mean():.1f} ± {last.std():.1f}",
            )
            axes.plot(epochs, curve.mean(axis=0), label=network)
        axes.set(xlabel="epoch", ylabel="test accuracy, %", title=f"{self.data}, protocol {self.protocol}")
        axes.grid(alpha=0.3)
        axes.legend()
        save_figure(figure, folder / "curves.png")
        console.print(table)
        final = {network: curve[:, -1].mean() for network, curve in curves.items()}
        lead = final["esl_net5"] - max(value for network, value in final.items() if network != "esl_net5")
        console.print(
            f"esl_net5, with shared weights in both layers, is {lead:+.1f} points from the best of the others; "
            f"published {98.4 - 94.0:+.1f}. A lead of {CLAIMED_LEAD:.0f} points: {'held' if lead >= CLAIMED_LEAD else 'did not hold'}. "
            f"The learning curves are {folder / 'curves.png'}."
        )


def lecun_1989(data: Data, seed: int) -> tuple[Split, Split]:
    """LeCun's 480 pictures from 120 drawings of the training split: 320 to train, 160 to test.

    Each drawing is narrowed to 16x13 and shifted to 4 horizontal positions of a 16x16 field; 32 pictures of each class are drawn
    for training, 16 for testing.
    """
    generator = np.random.default_rng(seed)
    pictures, labels = data.train.inputs(), data.train.labels
    parts = {"train": ([], []), "test": ([], [])}
    for digit in range(10):
        drawings = generator.choice(np.flatnonzero(labels == digit), DRAWINGS, replace=False)
        narrow = keras.ops.convert_to_numpy(keras.ops.image.resize(pictures[drawings], (16, 13), antialias=True))
        shifted = np.concatenate(
            [np.pad(narrow, ((0, 0), (0, 0), (offset, 3 - offset), (0, 0))) for offset in range(POSITIONS)]
        )
        order = generator.permutation(len(shifted))
        for part, chosen in (("train", order[:32]), ("test", order[32:])):
            parts[part][0].append(shifted[chosen])
            parts[part][1].append(np.full(len(chosen), digit))
    return tuple(Split(np.concatenate(images), np.concatenate(digits)) for images, digits in parts.values())


if __name__ == "__main__":
    from keras_dl.cli import run_recipe

    run_recipe("esl_nets")
