"""The table of 1989: five networks on few digits, from no hidden layer to shared weights.

LeCun, "Generalization and network design strategies", CRG-TR-89-4, University of Toronto, 1989; Hastie, Tibshirani &
Friedman, "The Elements of Statistical Learning", 2nd ed., section 11.7 and table 11.1.

The report's pictures are bitmaps: 12 drawings of each digit, 16 pixels high and 13 wide, each put at 4 consecutive
positions of a 16x16 field; 32 of a class at random are for training and the other 16 for testing. So most test pictures
show a drawing that was learned at another position: the table says how well a network carries what it knows to other
positions, which is what shared weights are for, and not how it does on handwriting it has never seen. `--protocol 1989`
follows the report in this, but its drawings come from many writers instead of one, so that it is harder. They are
made black and white as his are; in gray a step of one pixel changes less, and shared weights lead by less.
`--protocol all` asks the other question: it trains on the whole training split and tests on the test split, in gray.
Both take the same number of steps.

Run it by `keras-dl run esl-nets`; `--data usps_zip` takes the digits of the book.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table

from keras_dl import describe, get_config, storage
from keras_dl.data import Split, load
from keras_dl.errors import UsageError
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.recipe import Recipe
from keras_dl.training import Options

PUBLISHED = {"esl_net1": 80.0, "esl_net2": 87.0, "esl_net3": 88.5, "esl_net4": 94.0, "esl_net5": 98.4}
CLAIMED_LEAD = 5.0
DRAWINGS, POSITIONS, TRAINED = 12, 4, 32
CURVE_POINTS = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class EslNets(Recipe):
    """Train the five networks on the same pictures and compare their test accuracies with the published ones."""

    data: str = "digits"
    """digits of ten classes: "digits", a name of tensorflow-datasets, or a folder of pictures by class"""
    data_dir: str | None = None
    """where tensorflow-datasets keeps its data; default TFDS_DATA_DIR, then its own"""
    protocol: Literal["1989", "all"] = "1989"
    """1989: 12 drawings of each digit at 4 positions, 320 pictures to train and 160 to test; all: the data's splits"""
    seeds: int = 5
    """how often all is repeated, with other drawings and initial weights"""
    steps: int = 1000
    """training steps of each network, a multiple of 20: the points of its learning curve"""
    batch_size: int = 32
    """pictures per training step"""
    learning_rate: float = 0.1
    """of SGD with momentum, at its highest; it warms up for 5 % of the steps, then falls to 0 along a cosine"""

    def __post_init__(self):
        super().__post_init__()
        if self.seeds < 1:
            raise UsageError(f"seeds must be at least 1, got {self.seeds}")
        if self.steps < 1 or self.steps % CURVE_POINTS:
            raise UsageError(f"steps must be a positive multiple of {CURVE_POINTS}, got {self.steps}")
        self._options()

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
            train, test = lecun_1989(data.train, seed) if self.protocol == "1989" else (data.train, data.test)
            rows.append({"network": network, "seed": seed, "curve": self._learn(network, train, test, seed)})
            storage.append_line(ledger, rows[-1])
        self._report(rows, folder, console)
        return rows

    def _learn(self, network: str, train: Split, test: Split, seed: int) -> list[float]:
        from keras_dl.training.objective import compile_model

        keras.utils.set_random_seed(seed)
        config, options = get_config(network), self._options()
        model = config.build()
        compile_model(model, config, options, self.steps)
        history = model.fit(
            train.stream(self.batch_size, steps=self.steps, seed=seed),
            epochs=CURVE_POINTS,
            steps_per_epoch=self.steps // CURVE_POINTS,
            validation_data=test.batches(len(test)),
            shuffle=False,
            verbose=0,
        )
        return [100 * accuracy for accuracy in history.history["val_accuracy"]]

    def _options(self) -> Options:
        return Options(
            epochs=1,
            batch_size=self.batch_size,
            optimizer="momentum",
            learning_rate=self.learning_rate,
            schedule="cosine",
        )

    def _report(self, rows: list[dict], folder: Path, console: Console) -> None:
        title = f"{self.data}, protocol {self.protocol}"
        table = Table(
            "network",
            "weights",
            "links",
            "published, %",
            "here, %",
            title=f"{title}: test accuracy, mean and spread over {self.seeds} seeds",
        )
        for column in table.columns[1:]:
            column.justify = "right"
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        steps = np.linspace(0, self.steps, CURVE_POINTS + 1)[1:]
        final = {}
        for network, published in PUBLISHED.items():
            curves = np.array([row["curve"] for row in rows if row["network"] == network])
            sizes, mean, last = describe(network), curves.mean(axis=0), curves[:, -1]
            final[network] = last.mean()
            measured = f"{last.mean():.1f} ± {last.std():.1f}"
            table.add_row(network, f"{sizes.parameters:,}", f"{sizes.links:,}", f"{published:.1f}", measured)
            axes.plot(steps, mean, label=network)
        axes.set(xlabel="training step", ylabel="test accuracy, %", title=title)
        axes.grid(alpha=0.3)
        axes.legend()
        save_figure(figure, folder / "curves.png")
        console.print(table)
        lead, published = (v.pop("esl_net5") - max(v.values()) for v in (final, dict(PUBLISHED)))
        console.print(
            f"esl_net5, with shared weights in both layers, is {lead:+.1f} points from the best of the others; "
            f"published {published:+.1f}. A lead of {CLAIMED_LEAD:.0f} points: "
            f"{'held' if lead >= CLAIMED_LEAD else 'did not hold'}. The learning curves are {folder / 'curves.png'}."
        )


def lecun_1989(split: Split, seed: int) -> tuple[Split, Split]:
    """LeCun's 480 pictures from 120 drawings of `split`, pictures (16, 16, 1) of digits: 320 to train, 160 to test.

    `seed` draws 12 drawings of each class. Each is narrowed to 16x13, made black (0) and white (255), and put at 4
    horizontal positions of an empty 16x16 field; of the 48 pictures of a class 32 at random are for training. Raises
    `UsageError` for a class of fewer drawings.
    """
    generator = np.random.default_rng(seed)
    drawings = split.inputs()
    parts = {"train": ([], []), "test": ([], [])}
    for digit in range(10):
        members = np.flatnonzero(split.labels == digit)
        if len(members) < DRAWINGS:
            raise UsageError(f"class {digit} has {len(members)} training pictures; the protocol needs {DRAWINGS}")
        chosen = drawings[generator.choice(members, DRAWINGS, replace=False)]
        narrow = keras.ops.convert_to_numpy(keras.ops.image.resize(chosen, (16, 13), antialias=True))
        bitmaps = np.where(narrow > 127.5, np.uint8(255), np.uint8(0))
        pictures = np.concatenate([np.pad(bitmaps, ((0, 0), (0, 0), (x, 3 - x), (0, 0))) for x in range(POSITIONS)])
        order = generator.permutation(len(pictures))
        for part, chosen in (("train", order[:TRAINED]), ("test", order[TRAINED:])):
            parts[part][0].append(pictures[chosen])
            parts[part][1].append(np.full(len(chosen), digit))
    return tuple(Split.of(np.concatenate(images), np.concatenate(labels)) for images, labels in parts.values())


if __name__ == "__main__":
    from keras_dl.cli import run_recipe

    run_recipe("esl_nets")
