"""Capacity: what too narrow a network cannot fit, what a wide one fits too well, and why wide ones are easy to fit.

Goodfellow, Bengio & Courville, "Deep Learning", MIT Press 2016, section 5.2; Poggio et al., "Theory of deep learning
IIb", 2017; Sagun, Evci, Guney, Dauphin & Bottou, "Empirical analysis of the Hessian of over-parametrized neural
networks", 2017.

- Networks of one hidden layer and growing width learn a few examples of the data: the training error falls, the gap to
  the test error grows. (That the test error may fall again far beyond is `double_descent`'s story.)
- Networks fit 50 random values of points in five dimensions from many first weights. With as many weights as values
  hardly any start ends in a loss near 0; with ten times the units all do.
- Where the loss is 0 the surface is flat in all but as many directions as there are values to fit: the Hessian is
  2/n J^T J, with J the derivatives of the n outputs. The network is brought to loss 0 in float64 for that.

Run it by `keras-dl run capacity`, with `--data usps_zip` on zip codes.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis.copies import Copies
from keras_dl.analysis.flatness import curvatures_at_zero, squared_error
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Growing, Positive, at_least, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.order import random_order
from keras_dl.training.quiet import error_rate

VALUES, DIMENSIONS, NARROWEST = 50, 5, 7  # 7 units make 7 * (5 + 2) + 1 = 50 weights
FACTORS, CHECKS, BATCH = (1, 2, 4, 10), 20, 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class Capacity(DataExperiment):
    """Training and test error, and how easily the loss falls to 0, against the width of a network."""

    seeds: Count = 3
    """how often each measurement is repeated, with other examples and first weights"""
    examples: Annotated[int, at_least(BATCH)] = 400
    """training examples of the data"""
    widths: Growing = (1, 2, 4, 8, 16, 64, 256)
    """hidden units of the networks that learn the data, growing"""
    steps: Annotated[int, multiple_of(CHECKS)] = 3000
    """training steps of each of them, a multiple of 20: the points of its curve"""
    learning_rate: Positive = 3e-3
    """Adam's"""
    starts: Count = 20
    """first weights from which each network fits the 50 values"""
    fitting_steps: Count = 6000
    """training steps from each of them"""

    def cells(self) -> list[dict]:
        self.check_examples(self.examples)
        sweep = [{"part": "sweep", "width": width} for width in self.widths]
        return [*sweep, *({"part": "fit", "width": NARROWEST * factor} for factor in FACTORS)]

    def measure(self, *, seed: int, part: str, width: int) -> dict:
        return self._learn(width, seed) if part == "sweep" else self._fit(width, seed)

    def _learn(self, width: int, seed: int) -> dict:
        """The errors, in %, on the training examples and the test split at each check."""
        generator, data = np.random.default_rng(seed), self.dataset
        chosen = data.train.take(generator.permutation(len(data.train))[: self.examples])
        x, labels, test, curves = chosen.inputs(), chosen.labels, data.test.inputs(), {"train": [], "test": []}
        config = get_config("mlp", hidden=(width,)).for_data(data.spec)
        loop = self.quiet(config, Options(learning_rate=self.learning_rate))
        model = loop.begin(seed)
        for _ in loop.parts(x, labels, random_order(self.examples, self.steps, BATCH, generator), CHECKS):
            curves["train"].append(error_rate(model, x, labels))
            curves["test"].append(error_rate(model, test, data.test.labels))
        return curves

    def _fit(self, width: int, seed: int) -> dict:
        """The losses that the starts end in; of the widest network also the eigenvalues of the Hessian at loss 0."""
        generator = np.random.default_rng(seed)
        x, y = (generator.normal(size=(VALUES, size)).astype("float32") for size in (DIMENSIONS, 1))
        copies = self._copies[width]
        copies.restart(seed)
        copies.run(x, y, np.tile(np.arange(VALUES), (self.fitting_steps, 1)))
        losses = np.mean((copies.outputs(x) - y) ** 2, axis=(1, 2))
        found = {"losses": losses.tolist()}
        if width < NARROWEST * FACTORS[-1]:
            return found
        eigenvalues = curvatures_at_zero(copies.take(int(losses.argmin())), x, y)
        return found | {
            "rank": int(np.sum(eigenvalues > 1e-6 * eigenvalues[0])),
            "eigenvalues": eigenvalues.tolist(),
        }

    @functools.cached_property
    def _copies(self) -> dict:
        def copies(width: int) -> Copies:
            config = get_config("mlp_1x8", input_shape=(DIMENSIONS,), hidden=(width,))
            rate = keras.optimizers.schedules.CosineDecay(0.03, self.fitting_steps)
            return Copies(config, self.starts, keras.optimizers.Adam(rate), squared_error)

        return {NARROWEST * factor: copies(NARROWEST * factor) for factor in FACTORS}

    def claims(self, results: Results) -> list[Claim]:
        train, test = (self._ends(results, key) for key in ("train", "test"))
        gap, means = test - train, train.mean(axis=0)
        narrow, *_, wide = (self._reached(results, factor) for factor in FACTORS)
        return [
            Claim(
                text="Networks of low capacity cannot fit the training set (Goodfellow et al. 2016, section 5.2)",
                quantity=f"training error of the narrowest network, {self.widths[0]} units",
                measured=train[:, 0],
                unit="%",
                at_least=20,
            ),
            Claim(
                text="The training error falls with capacity",
                quantity="largest rise of the mean over the seeds from one width to the next",
                measured=float(np.diff(means).max()),
                unit="points",
                at_most=0,
            ),
            Claim(
                text="Networks of high capacity overfit: the gap between training and test error grows",
                quantity="gap of the widest network, less that of the narrowest",
                measured=gap[:, -1] - gap[:, 0],
                unit="points",
                at_least=0,
            ),
            Claim(
                text="With as many weights as values most starts get stuck above a loss of 0.001",
                quantity=f"starts that reach it with {NARROWEST} units",
                measured=narrow,
                unit="%",
                at_most=50,
            ),
            Claim(
                text="Over-parametrised networks find a global optimum from any start (Poggio et al. 2017)",
                quantity=f"starts that reach it with {NARROWEST * FACTORS[-1]} units",
                measured=wide,
                unit="%",
                at_least=100,
            ),
            Claim(
                text="At loss 0 the Hessian has no more curved directions than values to fit (Sagun et al. 2017)",
                quantity=f"eigenvalues above a millionth of the largest, of {self._weights}",
                measured=results.values("rank", part="fit", width=NARROWEST * FACTORS[-1]),
                at_most=VALUES,
                exact=True,
            ),
        ]

    @property
    def _weights(self) -> int:
        return NARROWEST * FACTORS[-1] * (DIMENSIONS + 2) + 1

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 8), layout="constrained")
        (errors, curves), (success, spectrum) = figure.subplots(2, 2)
        for key, label, color in (("test", "test", "C0"), ("train", "training", "C7")):
            ends = self._ends(results, key)
            errors.errorbar(
                self.widths, ends.mean(axis=0), ends.std(axis=0), color=color, marker="o", capsize=3, label=label
            )
            for width, style in (
                (self.widths[0], ":"),
                (self.widths[len(self.widths) // 2], "--"),
                (self.widths[-1], "-"),
            ):
                found = results.mean(key, part="sweep", width=width)
                steps = np.arange(1, CHECKS + 1) * self.steps // CHECKS
                curves.plot(steps, found, color=color, linestyle=style, label=f"{label}, {width} units")
        errors.set(
            xscale="log",
            xlabel="hidden units",
            ylabel="error, %",
            title=f"{self.examples} examples of {self.subject}",
        )
        errors.set_xticks(self.widths, map(str, self.widths))
        errors.minorticks_off()
        curves.set(xlabel="training step", ylabel="error, %", title="on the way")
        reached = np.array([self._reached(results, factor) for factor in FACTORS])
        success.errorbar(FACTORS, reached.mean(axis=1), reached.std(axis=1), marker="o", capsize=3, label="measured")
        success.set(xscale="log", xlabel="weights per value", ylabel="starts that end near loss 0, %", ylim=(-5, 105))
        success.set_xticks(FACTORS, map(str, FACTORS))
        success.minorticks_off()
        success.set_title(f"{VALUES} random values, {self.starts} starts")
        eigenvalues = results.values("eigenvalues", part="fit", width=NARROWEST * FACTORS[-1])[0]
        spectrum.plot(np.arange(1, len(eigenvalues) + 1), np.maximum(eigenvalues, 1e-20), ".", label="eigenvalues")
        spectrum.axvline(VALUES, color="C3", linestyle=":", label=f"{VALUES} values to fit")
        spectrum.set(yscale="log", xlabel="rank", ylabel="eigenvalue", title="Hessian where the loss is 0")
        for axes in (errors, curves, success, spectrum):
            axes.grid(alpha=0.3)
            axes.legend(fontsize="small")
        save_figure(figure, folder / "capacity.png")

    def _ends(self, results: Results, key: str) -> np.ndarray:
        """The errors after training, (seeds, widths)."""
        return np.array([results.values(key, part="sweep", width=width)[:, -1] for width in self.widths]).T

    def _reached(self, results: Results, factor: int) -> np.ndarray:
        """The share of starts, in %, that ended in a loss below 0.001, (seeds,)."""
        losses = results.values("losses", part="fit", width=NARROWEST * factor)
        return 100 * np.mean(losses < 1e-3, axis=1)
