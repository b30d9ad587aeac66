"""One small network of every image family, trained on the same pictures.

The published networks have millions of parameters; these are their configs with narrower and fewer layers, small
enough to learn from some thousand pictures in minutes without an accelerator. What is compared is whether each
learns, not which is best: none was tuned.

Run it by `keras-dl run vision-families --data tf_flowers --image-size 80`.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from keras_dl import storage
from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.console import plain_console
from keras_dl.data import load
from keras_dl.data.options import DataOptions
from keras_dl.errors import choose
from keras_dl.experiments.recipe import Recipe
from keras_dl.figures import save_figure
from keras_dl.recipes.train import Train
from keras_dl.training import Options

NETWORKS = {
    "alexnet_owt": {"filters": (24, 48, 64, 64, 64), "units": 128},
    "vgg11_bn": {"filters": (8, 16, 32, 64, 64), "units": 128},
    "googlenet": {"width_multiplier": 0.25, "modules": (1, 2, 1)},
    "inception_v3": {"width_multiplier": 0.15, "modules": (1, 1, 1)},
    "resnet18": {"filters": 8, "blocks": (1, 1, 1, 1)},
    "mobilenet_v2": {"alpha": 0.35, "repeats": (1, 1, 1, 1, 1, 1, 1), "momentum": 0.9},
    "efficientnet_b0": {"width_coefficient": 0.35, "depth_coefficient": 0.4, "drop_connect": 0.0},
    "tinynet_e": {"width_coefficient": 0.35, "depth_coefficient": 0.4},
    "nasnet_mobile": {"stem_filters": 8, "filters": 8, "cells": 1, "momentum": 0.9},
    "zhang_small_alexnet": {"filters": (16, 16), "units": (64, 32)},
    "zhang_small_inception": {
        "stem_filters": 16,
        "row1": (8, 8),
        "row2": (16, 16, 16, 16),
        "row3": (32, 32),
        "downsampling": (16, 32),
        "momentum": 0.9,
    },
    "nakkiran_cnn5": {"k": 8},
    "deepface": {"filters": (8, 4, 4, 4, 4), "units": 64},
    "vit_ti16": {"patch": 8, "heads": 2, "head_width": 32, "blocks": 4},
}
"""for each family a name of the catalogue and what is smaller"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VisionFamilies(Options, DataOptions, Recipe):
    """Train a small network of every image family, and compare each with always naming the commonest class."""

    networks: tuple[str, ...] = tuple(NETWORKS)
    """which of them to train"""
    augment: tuple[str, ...] = ()
    """random changes to the training pictures, as `train` takes them"""

    def __post_init__(self):
        super().__post_init__()
        for name in self.networks:
            choose("network of this recipe", name, NETWORKS)

    def run(self) -> list[dict]:
        """Returns a row per network: its name and what `Train.run` returns; the trainings are in folders of its own."""
        folder = self.folder()
        console = plain_console()
        data = load(self.data, seed=self.seed, **self.loading)
        commonest = np.bincount(data.train.labels).argmax()
        constant = float(np.mean(data.test.labels == commonest))
        rows = []
        for name in self.networks:
            finished = folder / name / "result.json"
            if not finished.exists():
                console.rule(name)
                self._training(name, folder / name).run()
            rows.append({"network": name, **json.loads(finished.read_text(encoding="utf-8"))})
        report(self, rows, constant, folder, console)
        return rows

    def _training(self, name: str, folder: Path) -> Train:
        shared = {field.name for base in (Options, DataOptions) for field in dataclasses.fields(base)}
        options = {key: getattr(self, key) for key in shared | {"augment"}}
        return Train(network=small(name, self.image_size), out=str(folder), **options)


def small(name: str, size: int | None) -> Config:
    """The config in `NETWORKS`, for pictures of `size` pixels where its weights depend on it."""
    config = get_config(name, **NETWORKS[name])
    return config if size is None else config.replace(input_shape=(size, size, config.input_shape[2]))


def report(recipe: VisionFamilies, rows: list[dict], constant: float, folder: Path, console: Console) -> None:
    """Print the table and the sentence, draw the curves."""
    title = f"{recipe.data}, {recipe.epochs} epochs"
    table = Table("network", "parameters", "seconds", "test accuracy, %", title=title)
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_prop_cycle(color=colormaps["tab20"].colors)
    for row in sorted(rows, key=lambda row: -row["test_accuracy"]):
        table.add_row(
            row["network"],
            f"{row['parameters']:,}",
            f"{row['seconds']:.0f}",
            f"{100 * row['test_accuracy']:.1f}",
        )
        history = storage.read_lines(folder / row["network"] / "metrics.jsonl")
        accuracies = [100 * epoch["val_accuracy"] for epoch in history]
        axes.plot(range(1, len(history) + 1), accuracies, marker=".", label=row["network"])
    axes.axhline(100 * constant, color="gray", linestyle="--", label="commonest class")
    axes.set(xlabel="epoch", ylabel="validation accuracy, %", title=title)
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    save_figure(figure, folder / "families.png")
    console.print(table)
    learned = sum(row["test_accuracy"] > 1.5 * constant for row in rows)
    console.print(
        f"The commonest class is {100 * constant:.1f} % of the test pictures; "
        f"{learned} of {len(rows)} networks are right at least half as often again. "
        f"The plot is {folder / 'families.png'}."
    )
