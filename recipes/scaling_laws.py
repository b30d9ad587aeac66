"""Scaling laws: test error falls as a power of the data, of the parameters and of the training.

Hestness et al., "Deep Learning Scaling is Predictable, Empirically", arXiv:1712.00409, 2017, section 3; Kaplan et al.,
"Scaling Laws for Neural Language Models", arXiv:2001.08361, 2020, section 1.2; Sun, Shrivastava, Singh & Gupta,
"Revisiting Unreasonable Effectiveness of Data in Deep Learning Era", ICCV 2017.

One of three is varied while the other two are ample: the training examples, the units of the hidden layer, and the
steps of training, which are the computation. Each curve is a straight line on logarithmic axes until it saturates, and
its slope is the exponent. The lecture has it that errors fall "proportionately": they do not. With an exponent of
-0.5, four times the data halve the error, and with the -0.1 of language models a thousand times do. The points are
those before saturation; the range of widths ends where more units no longer help on few data.

Run it by `keras-dl run scaling-laws`; `--data mnist --examples 100 300 1000 3000 10000 30000` goes further.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from keras_dl import describe, get_config
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Bounds, Count, Growing, Positive
from keras_dl.figures import save_figure
from keras_dl.training import Options
from keras_dl.training.order import random_order
from keras_dl.training.quiet import error_rate

THREE = Bounds("three numbers or more, for a power and a check of it", lambda value: len(value) >= 3)
AXES = {"data": "training examples", "parameters": "parameters", "training": "training steps"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScalingLaws(DataExperiment):
    """Fit powers to the test error against data, parameters and training steps."""

    seeds: Count = 3
    """how often each is repeated, with other examples and initial weights"""
    examples: Annotated[Growing, THREE] = (20, 40, 80, 160, 320, 640, 1280)
    """training examples, at the largest width"""
    widths: Annotated[Growing, THREE] = (2, 3, 4, 6, 8, 12)
    """units of the hidden layer below the largest, with all training examples"""
    largest: Count = 128
    """units of the hidden layer where it is not varied"""
    steps: int = 1024
    """training steps where they are not varied"""
    shortest: Count = 16
    """training steps of the first point where they are, then twice as many each time"""
    batch_size: Count = 32
    """examples per step"""
    learning_rate: Positive = 3e-3
    """Adam's"""

    def __post_init__(self):
        super().__post_init__()
        if self.steps < 16 * self.shortest:
            raise UsageError(f"steps must be at least 16 times shortest, {16 * self.shortest}, got {self.steps}")

    def cells(self) -> list[dict]:
        self.check_examples(max(self.examples))
        cells = [{"axis": "data", "size": size} for size in self.examples]
        cells += [{"axis": "parameters", "size": self._parameters(width), "width": width} for width in self.widths]
        return cells + [{"axis": "training", "size": size} for size in self._budgets]

    @property
    def _budgets(self) -> list[int]:
        """Training steps of each point: `shortest`, then twice as many each time, up to a quarter of `steps`."""
        return [self.shortest * 2**n for n in range(20) if self.shortest * 2**n <= self.steps // 4]

    def _config(self, width: int) -> Config:
        return get_config("mlp", hidden=(width,)).for_data(self.dataset.spec)

    def _parameters(self, width: int) -> int:
        return describe(self._config(width)).parameters

    def measure(self, *, seed: int, axis: str, size: int, width: int | None = None) -> dict:
        """ "error" on the test split, in %."""
        width = width or self.largest
        data, steps = self.dataset, size if axis == "training" else self.steps
        generator = np.random.default_rng(seed)
        count = size if axis == "data" else len(data.train)
        chosen = generator.permutation(len(data.train))[:count]
        order = chosen[random_order(count, steps, self.batch_size, generator)]
        loop = self.quiet(self._config(width), Options(learning_rate=self.learning_rate))
        model, inputs = loop.begin(seed), data.train.inputs()
        for part in np.split(order, range(self.shortest, steps, self.shortest)):  # one shape, one program
            loop.run(inputs, data.train.labels, part)
        return {"error": error_rate(model, data.test.inputs(), data.test.labels)}

    def claims(self, results: Results) -> list[Claim]:
        sources = {
            "data": "Error falls as a power of the training set's size (Hestness et al. 2017; Sun et al. 2017)",
            "parameters": "Error falls as a power of the number of parameters (Kaplan et al. 2020)",
            "training": "Error falls as a power of the computation (Kaplan et al. 2020)",
        }
        claims = []
        for axis, text in sources.items():
            sizes, errors = self._curve(results, axis)
            slopes = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
            claims.append(Claim(text=text, quantity="exponent", measured=slopes, at_most=-0.1))
            fit = np.corrcoef(np.log(sizes), np.log(errors.mean(axis=1)))[0, 1] ** 2
            claims.append(
                Claim(
                    text=f"{text.split(' (')[0]}: a straight line on logarithmic axes",
                    quantity="R^2 of the line through the mean errors",
                    measured=fit,
                    at_least=0.9,
                )
            )
        sizes, errors = self._curve(results, "data")
        claims.append(
            Claim(
                text="More labelled data are almost always what helps most (lecture; Sun et al. 2017)",
                quantity="factor on the error by twice the data, at the most",
                measured=np.max(errors[1:].mean(axis=1) / errors[:-1].mean(axis=1)),
                at_most=1,
            )
        )
        return claims

    def _curve(self, results: Results, axis: str) -> tuple[np.ndarray, np.ndarray]:
        """The sizes, (points,), and the errors in %, (points, seeds), none below half a wrong answer."""
        sizes = [cell["size"] for cell in self.cells() if cell["axis"] == axis]
        errors = [results.values("error", axis=axis, size=size) for size in sizes]
        return np.array(sizes), np.maximum(errors, 50 / len(self.dataset.test))

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 3.9), layout="constrained")
        for panel, (axis, label) in zip(figure.subplots(1, 3, sharey=True), AXES.items(), strict=True):
            sizes, errors = self._curve(results, axis)
            mean = errors.mean(axis=1)
            slope, start = np.polyfit(np.log(sizes), np.log(mean), 1)
            panel.errorbar(sizes, mean, errors.std(axis=1), marker="o", ls="", capsize=3, label="mean and spread")
            panel.plot(sizes, np.exp(start) * sizes**slope, color="gray", ls="--", label=f"power {slope:.2f}")
            panel.set(xscale="log", yscale="log", xlabel=label)
            panel.set_xticks(sizes, labels=[f"{size:,}" for size in sizes], fontsize=8)
            panel.xaxis.set_minor_locator(NullLocator())
            for formatter in (panel.yaxis.set_major_formatter, panel.yaxis.set_minor_formatter):
                formatter(ScalarFormatter())
            panel.grid(alpha=0.3, which="both")
            panel.legend()
        figure.axes[0].set_ylabel("test error, %")
        figure.suptitle(f"{self.subject}: one hidden layer, {self.seeds} seeds")
        save_figure(figure, folder / "scaling_laws.png")
