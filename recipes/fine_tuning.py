"""Fine-tuning: what a trained network needs to change to learn another task.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022, tables 2 and 6: adapters of a low rank
beside the kernels, a small part of all weights, learn as well as all weights together, and a low rank is enough.
Howard & Ruder, "Universal Language Model Fine-tuning for Text Classification", ACL 2018, tune the last layers first.

A small vision transformer learns pictures as they are; a copy of it learns them turned and in inverted brightness, from
a few labels a class: its head alone, the last block too, all of it, or adapters of growing rank with the head.

Run it by `keras-dl run fine-tuning`, with `--data a/folder/of/photos --image-size 32` on your own pictures.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.config import Config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Growing, Positive
from keras_dl.figures import save_figure
from keras_dl.learning import adapters
from keras_dl.training import Options
from keras_dl.training.quiet import error_rate

HEAD, LAST, ALL = "head", "last block", "all"
BASE_RATE = 2e-3
"""Adam's at the start, while the pictures as they are are learned"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FineTuning(DataExperiment):
    """Fine-tune a transformer in part, whole, and by low-rank adapters."""

    ranks: Growing = (1, 2, 4, 8)
    """of the adapters"""
    heads: Count = 2
    """heads of attention, of 16 numbers each"""
    blocks: Count = 3
    """blocks of the transformer"""
    base_steps: Count = 1000
    """training steps on the pictures as they are"""
    steps: Count = 300
    """training steps on the others"""
    labels_per_class: Count = 20
    """labelled examples of each class of the others"""
    batch_size: Count = 32
    """examples per step"""
    learning_rate: Positive = 5e-3
    """Adam's at the start; it falls to 0"""
    adapters_rate: Positive = 1e-2
    """that of the adapters, which start from nothing; both were chosen by the validation split"""

    def cells(self) -> list[dict]:
        self.dataset.train.few(self.labels_per_class, 0)
        return [
            {"method": HEAD},
            {"method": LAST},
            {"method": ALL},
            *({"method": f"rank {rank}"} for rank in self.ranks),
        ]

    def measure(self, *, seed: int, method: str) -> dict:
        """The test "accuracy" (%), and how many weights were "trained" and were there in "total"."""
        data, weights = self.dataset, self._base(seed)
        training = self.quiet(self._config, self._options(method), self.steps)
        network = training.begin(seed)
        total = sum(value.size for value in weights.values())
        for variable in network.weights:
            if variable.path in weights and not variable.path.startswith("head"):
                variable.assign(weights[variable.path])
        examples = data.train.few(self.labels_per_class, seed)
        order = np.random.default_rng(seed).integers(0, len(examples), (self.steps, self.batch_size))
        training.run(changed(examples.inputs()), examples.labels, order)
        error = error_rate(network, changed(data.test.inputs()), data.test.labels)
        return {"accuracy": 100 - error, "trained": adapters.count(network), "total": total}

    @functools.cached_property
    def _config(self) -> Config:
        height, width, _ = self.dataset.spec.shape
        patch = next(size for size in (4, 3, 2, 1) if height % (2 * size) == width % (2 * size) == 0)
        shape = {"input_shape": self.dataset.spec.shape, "patch": patch, "heads": self.heads, "head_width": 16}
        return get_config("vit_ti16", blocks=self.blocks, **shape).for_data(self.dataset.spec)

    def _options(self, method: str) -> Options:
        stages = surgery.stages(self._config.build())
        chosen = {HEAD: {"freeze": stages[:-1]}, LAST: {"freeze": stages[:-2]}, ALL: {}}
        settings = chosen[method] if method in chosen else {"lora": int(method.removeprefix("rank "))}
        rate = self.learning_rate if method in chosen else self.adapters_rate
        return Options(learning_rate=rate, schedule="cosine", **settings)

    @functools.cached_property
    def _bases(self) -> dict[int, dict[str, np.ndarray]]:
        return {}

    def _base(self, seed: int) -> dict[str, np.ndarray]:
        """The weights by their paths of a network that has learned the pictures as they are."""
        if seed not in self._bases:
            train = self.dataset.train
            options = Options(learning_rate=BASE_RATE, schedule="cosine")
            training = self.quiet(self._config, options, self.base_steps)
            network = training.begin(seed)
            order = np.random.default_rng([seed, 1]).integers(0, len(train), (self.base_steps, self.batch_size))
            training.run(train.inputs(), train.labels, order)
            self._bases[seed] = adapters.amounts(network)
        return self._bases[seed]

    def claims(self, results: Results) -> list[Claim]:
        accuracy = {cell["method"]: results.values("accuracy", **cell) for cell in self.cells()}
        low, high = (f"rank {rank}" for rank in (self.ranks[0], self.ranks[-1]))
        middle = f"rank {self.ranks[len(self.ranks) // 2]}"
        share = results.values("trained", method=middle) / results.values("total", method=middle)
        return [
            Claim(
                text="Adapters learn as well as all weights together (Hu et al. 2022, table 2)",
                quantity=f"accuracy of {middle} less that of all",
                measured=accuracy[middle] - accuracy[ALL],
                at_least=-2,
                unit="points",
            ),
            Claim(
                text="They are a small part of the weights (Hu et al. 2022, section 4.2)",
                quantity=f"trained weights of {middle}, the head among them, over all weights",
                measured=share,
                at_most=0.25,
            ),
            Claim(
                text="A low rank is enough (Hu et al. 2022, table 6)",
                quantity=f"accuracy of {high} less that of {low}",
                measured=accuracy[high] - accuracy[low],
                at_most=5,
                unit="points",
                reason="a rank of two is, one is not",
            ),
            Claim(
                text="A task that is unlike the first needs more than a new head (Yosinski et al. 2014)",
                quantity="accuracy of all less that of the head alone",
                measured=accuracy[ALL] - accuracy[HEAD],
                at_least=5,
                unit="points",
            ),
            Claim(
                text="The last block alone is not enough either",
                quantity=f"accuracy of {middle} less that of the last block",
                measured=accuracy[middle] - accuracy[LAST],
                at_least=2,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        axes = figure.subplots()
        for cell in self.cells():
            method, values = cell["method"], results.values("accuracy", **cell)
            trained = results.mean("trained", **cell)
            marker = "o" if method.startswith("rank") else "s"
            axes.errorbar(trained, values.mean(), values.std(), fmt=marker, capsize=3)
            axes.annotate(method, (trained, values.mean()), textcoords="offset points", xytext=(6, 6))
        axes.set(xscale="log", xlabel="weights that are trained", ylabel="test accuracy, %")
        axes.set_title(f"{self.subject}, turned and inverted: {self.labels_per_class} labels a class")
        axes.grid(alpha=0.3)
        save_figure(figure, folder / "fine_tuning.png")


def changed(pictures: np.ndarray) -> np.ndarray:
    """Pictures (n, height, width, channels) of pixels 0..255, turned by 90 degrees and in inverted brightness."""
    return np.ascontiguousarray(255 - np.rot90(pictures, axes=(1, 2)))
