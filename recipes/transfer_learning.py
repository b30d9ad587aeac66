"""Transfer learning: what a trained network's features are worth when labels are few.

A base network trained on other pictures is used in three ways (features frozen, last stages fine-tuned, all
fine-tuned) against the same network from scratch, for a growing number of labelled examples per class.
Yosinski, Clune, Bengio & Lipson, "How transferable are features in deep neural networks?", NIPS 2014.

Run it by `keras-dl run transfer-learning`, with `--data a/folder/of/photos` on your own pictures.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table

from keras_dl import saved_model, storage, surgery
from keras_dl.config import Config
from keras_dl.data import Split, load
from keras_dl.errors import UsageError
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.recipe import Recipe

METHODS = {
    "frozen": "features frozen, new classifier",
    "last": "last stages fine-tuned",
    "all": "all stages fine-tuned",
    "scratch": "from scratch",
}
CLAIMED_GAIN = 0.02
BASES = {1: "lenet5_mnist", 3: "resnet20_cifar10"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransferLearning(Recipe):
    """Compare ways to use a trained base network, by accuracy against labelled examples per class."""

    data: str = "digits"
    """"digits", a name of tensorflow-datasets, or a folder of pictures by class"""
    data_dir: str | None = None
    """where tensorflow-datasets keeps its data; default TFDS_DATA_DIR, then its own"""
    base: str | None = None
    """folder of a saved model, or its name in saved_models/; default one for the colours of the data"""
    labels_per_class: tuple[int, ...] = (1, 2, 5, 10)
    """labelled examples of each class to learn from"""
    seeds: int = 5
    """how often each is repeated, with other examples and other initial weights"""
    steps: int = 100
    """training steps of each fit"""
    batch_size: int = 32
    """examples per step, or all there are"""
    learning_rate: float = 1e-3
    """Adam's"""
    skip_bad: bool = False
    """leave out pictures that cannot be read"""

    def __post_init__(self):
        super().__post_init__()
        for name in ("seeds", "steps", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.labels_per_class or min(self.labels_per_class) < 1:
            raise UsageError(f"labels_per_class must be numbers of at least 1, got {self.labels_per_class}")

    def run(self) -> list[dict]:
        """Returns a row per method, number of labels and seed: "method", "labels", "seed", "accuracy"."""
        folder = self.folder()
        console = Console()
        data = load(self.data, data_dir=self.data_dir, skip_bad=self.skip_bad)
        if data.spec.kind != "image":
            raise UsageError(f"{self.data} has no pictures; this recipe transfers image features")
        base_name = self.base or BASES[data.spec.shape[2]]
        base_config = saved_model.read_contract(base_name)["config"]
        data = data.resized(base_config.input_shape)
        fewest, most = np.bincount(data.train.labels).min(), max(self.labels_per_class)
        if fewest < most:
            raise UsageError(f"labels_per_class asks for {most}; a class of {self.data} has {fewest} training examples")
        base = saved_model.load(base_name)
        if not surgery.feature_stages(base):
            raise UsageError(f"base {base_name} has no stages whose outputs are maps, so no features to transfer")
        for notice in data.notices:
            console.print(f"note: {notice}")
        console.print(f"base {base_name} ({base.count_params():,} parameters), target {self.data}")

        ledger = folder / "results.jsonl"
        rows = storage.read_lines(ledger)
        done = {(row["method"], row["labels"], row["seed"]) for row in rows}
        jobs = [(m, n, s) for m in METHODS for n in self.labels_per_class for s in range(self.seeds)]
        students = {m: Student(self, base, base_config.replace(classes=data.spec.classes), m) for m in METHODS}
        test = data.test.batches(256).cache()
        for method, labels, seed in track([job for job in jobs if job not in done], "training", console=console):
            accuracy = students[method].learn(few(data.train, labels, seed), test, seed)
            rows.append({"method": method, "labels": labels, "seed": seed, "accuracy": accuracy})
            storage.append_line(ledger, rows[-1])
        report(self, rows, folder, console, f"{base_name} to {self.data}")
        return rows


class Student:
    """One method: a network that starts from the base, in the way `METHODS` says, as often as it is asked to learn."""

    def __init__(self, recipe: TransferLearning, base: keras.Model, config: Config, method: str):
        self._base, self._config = base, config
        self._batch_size, self._steps = recipe.batch_size, recipe.steps
        features = surgery.feature_stages(base)
        frozen = {"frozen": features, "last": features[:-1]}.get(method, [])
        kept = [] if method == "scratch" else features
        self._fresh = [stage for stage in surgery.stages(base) if stage not in kept]
        self._model = surgery.transplant(base, config, fresh=self._fresh)
        surgery.freeze(self._model, frozen)
        self._model.compile(
            optimizer=keras.optimizers.Adam(recipe.learning_rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        self._model.optimizer.build(self._model.trainable_variables)
        self._optimizer_start = [variable.numpy() for variable in self._model.optimizer.variables]

    def learn(self, examples: Split, test: tf.data.Dataset, seed: int) -> float:
        """Train on `examples` from newly initialised weights and return the accuracy on `test`."""
        keras.utils.set_random_seed(seed)
        start = surgery.transplant(self._base, self._config, fresh=self._fresh)
        self._model.set_weights(start.get_weights())
        for variable, value in zip(self._model.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        batches = examples.stream(min(self._batch_size, len(examples)), steps=self._steps, seed=seed)
        self._model.fit(batches, shuffle=False, verbose=0)
        return self._model.evaluate(test, verbose=0, return_dict=True)["accuracy"]


def few(split: Split, labels: int, seed: int) -> Split:
    """`labels` examples of each class of `split`, drawn by `seed`."""
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(split.labels == label) for label in np.unique(split.labels)]
    return split.take(np.concatenate([generator.choice(found, labels, replace=False) for found in members]))


def report(recipe: TransferLearning, rows: list[dict], folder: Path, console: Console, title: str) -> None:
    """Print the table and the sentence, draw the plot."""
    accuracy = {
        (method, labels): np.array([r["accuracy"] for r in rows if (r["method"], r["labels"]) == (method, labels)])
        for method in METHODS
        for labels in recipe.labels_per_class
    }
    table = Table("test accuracy, %", title=f"{title}: mean and spread over {recipe.seeds} seeds")
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for labels in recipe.labels_per_class:
        table.add_column(f"{labels} a class", justify="right")
    for method, description in METHODS.items():
        values = [100 * accuracy[method, labels] for labels in recipe.labels_per_class]
        means, spreads = [v.mean() for v in values], [v.std() for v in values]
        table.add_row(description, *(f"{m:.1f} ± {s:.1f}" for m, s in zip(means, spreads, strict=True)))
        axes.errorbar(recipe.labels_per_class, means, spreads, marker="o", capsize=3, label=description)
    axes.set(xlabel="labelled examples per class", ylabel="test accuracy, %", xscale="log", title=title)
    axes.set_xticks(recipe.labels_per_class, [str(labels) for labels in recipe.labels_per_class])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, folder / "transfer.png")
    console.print(table)
    fewest = recipe.labels_per_class[:2]
    gain = np.mean([accuracy["frozen", n].mean() - accuracy["scratch", n].mean() for n in fewest])
    verdict = "held" if gain >= CLAIMED_GAIN else "did not hold"
    console.print(
        f"With {' to '.join(map(str, fewest))} labels a class, frozen features are {100 * gain:+.1f} points from "
        f"training from scratch; features transfer by at least {100 * CLAIMED_GAIN:.0f} points "
        f"(after Yosinski et al. 2014): {verdict}. The plot is {folder / 'transfer.png'}."
    )


if __name__ == "__main__":
    from keras_dl.cli import run_recipe

    run_recipe("transfer_learning")
