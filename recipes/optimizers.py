"""Optimizers: SGD, momentum, AdaGrad and Adam, on a narrow valley and on a network; and clipped gradients.

The valley is the quadratic (u1^2 + 100 u2^2) / 2, whose condition number is 100, turned by half a radian, since AdaGrad
and Adam scale each weight by itself: steps that are short enough for one direction are too short for the other by a
factor of 100. Each method takes the best of 97 learning rates, and follows its formula; that Keras's optimizers do the
same is measured too.

What the lectures call momentum is the running mean g := beta g + (1 - beta) gradient, w := w - rate g. Keras, as
Polyak, sums v := beta v - rate gradient, w := w + v: the same with rate (1 - beta). A lecture lets AdaGrad add up the
squares of gradients "from the start of the epoch"; AdaGrad itself (Duchi et al. 2011) never starts anew, and if it does
its steps jump. The lecture's clipping takes the gradient of all weights as one vector: Keras's `global_clipnorm`, not
`clipnorm`.

Run it by `keras-dl run optimizers`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure
from scipy.special import softmax

from keras_dl.analysis import update_rules as rules
from keras_dl.catalogue import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, multiple_of
from keras_dl.figures import save_figure
from keras_dl.training import Options
from keras_dl.training.order import random_order
from keras_dl.training.quiet import Quiet, cross_entropy

AXES = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
CURVATURE = AXES @ np.diag([1.0, 100.0]) @ AXES.T
RATES = np.geomspace(1e-4, 1e2, 97)
LIMIT, NEAR = 1000, 1e-3
METHODS = {"SGD": rules.sgd, "Momentum": rules.momentum, "AdaGrad": rules.adagrad, "Adam": rules.adam}
BEST = {"SGD": 0.5, "Momentum": 0.05, "AdaGrad": 0.2, "Adam": 0.01}
"""learning rates for the network: of 1, 0.5, 0.3, 0.2, 0.1 .. 0.001 those of the lowest loss, with other seeds"""
POINTS, LAST = 20, 5
HUGE = 1e30


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizers(DataExperiment):
    """Compare update rules, and check each against its formula."""

    steps: Annotated[int, multiple_of(POINTS)] = 200
    """training steps of the network, a multiple of 20"""
    batch_size: Count = 32
    """examples per step"""

    def cells(self) -> list[dict]:
        methods = [{"problem": problem, "method": method} for problem in ("valley", "network") for method in METHODS]
        clipping = [{"problem": "exploding", "method": method} for method in ("not clipped", "clipped")]
        return [*methods, *clipping, {"problem": "formulas", "method": "all"}]

    def measure(self, *, seed: int, problem: str, method: str) -> dict:
        self.dataset.spec.check_numbers("a perceptron")
        match problem:
            case "valley":
                return _valley(method, seed)
            case "formulas":
                return self._formulas(seed)
        loop = self._loop(problem, method)
        model = loop.begin(seed)
        x, y = self.dataset.train.inputs(), self.dataset.train.labels
        batch = min(self.batch_size, len(y))
        order = random_order(len(y), self.steps, batch, np.random.default_rng(seed))
        losses = [cross_entropy(model, x, y)]
        losses += [cross_entropy(model, x, y) for _ in loop.parts(x, y, order, POINTS)]
        return {"losses": [loss if loss < HUGE else HUGE for loss in losses]}

    def claims(self, results: Results) -> list[Claim]:
        needed = {method: results.values("steps", problem="valley", method=method) for method in METHODS}
        curves = {method: results.values("losses", problem="network", method=method) for method in METHODS}
        learned = {method: curve[:, -LAST:].mean(axis=1) for method, curve in curves.items()}
        explosion = results.values("losses", problem="exploding", method="not clipped")
        clipped = results.values("losses", problem="exploding", method="clipped")

        def formula(text: str, key: str, quantity: str = "largest difference of a weight", **bounds) -> Claim:
            measured = results.values(key, problem="formulas")
            return Claim(text=text, quantity=quantity, measured=measured, exact=True, **(bounds or {"at_most": 1e-6}))

        lower = {"Momentum": "Sutskever et al. 2013", "AdaGrad": "Duchi et al. 2011", "Adam": "Kingma & Ba 2015"}
        return [
            Claim(
                text="In a valley of condition 100 momentum needs at most half as many steps as SGD, each at its best "
                "learning rate (Polyak 1964: a tenth at the best beta)",
                quantity="steps of SGD over those of momentum 0.9",
                measured=needed["SGD"] / needed["Momentum"],
                at_least=2.0,
            ),
            *(
                Claim(
                    text=f"{method} reaches a lower training loss than SGD in the same steps ({paper})",
                    quantity=f"training loss over that of SGD, mean of the last {LAST} of {POINTS} points",
                    measured=learned[method] / learned["SGD"],
                    at_most=1.0,
                )
                for method, paper in lower.items()
            ),
            Claim(
                text="A training with too large a learning rate explodes",
                quantity="largest loss, as a power of ten",
                measured=np.log10(explosion.max(axis=1)),
                at_least=6.0,
            ),
            Claim(
                text="... and stays finite if its gradients are clipped (Pascanu et al. 2013)",
                quantity="largest loss",
                measured=clipped.max(axis=1),
                at_most=1e3,
            ),
            formula("The gradient of a batch is the mean of its examples' gradients; SGD follows it", "sgd"),
            formula("The lecture's momentum is Keras's with the learning rate times 1 - beta", "momentum"),
            formula("AdaGrad is w - rate g / sqrt(sum of g^2)", "adagrad"),
            formula(
                "AdaGrad never starts its sum anew: where it does so with every epoch, its steps jump",
                "jump",
                "length of a step over that of the one before, at the same gradient",
                at_least=1.5,
            ),
            formula("Adam's steps are those of its paper", "adam"),
            formula(
                "Adam's first step is the learning rate for every weight, whatever the gradient's size",
                "first",
                "largest deviation, relative",
                at_most=1e-3,
            ),
            formula("SGD with the penalty c |w|^2 is SGD with weight decay 2 c", "decay"),
            formula("With Adam they are not the same (Loshchilov & Hutter 2019)", "adamw", at_least=1e-3),
            formula("A clipped gradient is as long as allowed", "length", "length over the one allowed, less 1"),
            formula("... and has its direction", "direction", "1 less the cosine"),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 7), layout="constrained")
        above, below = figure.subfigures(2, 1)
        valleys = above.subplots(1, len(METHODS), sharex=True, sharey=True)
        network, explosion = below.subplots(1, 2)
        grid = np.stack(np.meshgrid(np.linspace(-0.5, 1.2, 200), np.linspace(-0.6, 1.1, 200)), axis=-1)
        height = np.einsum("...i,ij,...j", grid, CURVATURE, grid) / 2
        steps = np.linspace(0, self.steps, POINTS + 1)
        for axes, (method, color) in zip(valleys, zip(METHODS, ("C0", "C1", "C2", "C3"), strict=True), strict=True):
            path = results.values("path", problem="valley", method=method)[0]
            needed = results.mean("steps", problem="valley", method=method)
            axes.contour(*np.moveaxis(grid, -1, 0), height, np.geomspace(0.01, 100, 12), colors="0.8", linewidths=0.7)
            axes.plot(*path.T, marker=".", markersize=4, linewidth=1, color=color)
            axes.plot(0, 0, "k+", markersize=12)
            axes.set(title=f"{method}: {needed:.0f} steps", xlabel="$w_1$")
            losses = results.mean("losses", problem="network", method=method)
            network.semilogy(steps, losses, color=color, label=f"{method}, rate {BEST[method]:g}")
        valleys[0].set(xlim=(-0.5, 1.2), ylim=(-0.6, 1.1), ylabel="$w_2$")
        above.suptitle("a valley of condition 100: the first 60 steps, the minimum (+), and the steps that reach it")
        for method, color in (("not clipped", "C3"), ("clipped", "C0")):
            losses = results.values("losses", problem="exploding", method=method)
            explosion.semilogy(steps, losses.T, color=color)
            explosion.plot([], color=color, label=f"gradients {method}")
        network.set(title=f"perceptron on {self.subject}", xlabel="training step", ylabel="training loss")
        explosion.set(title="too large a learning rate, each seed", xlabel="training step", ylabel="training loss")
        explosion.set_ylim(top=1e6)
        for axes in (network, explosion):
            axes.grid(alpha=0.3)
            axes.legend(fontsize=8)
        save_figure(figure, folder / "optimizers.png")

    def _loop(self, problem: str, method: str) -> Quiet:
        """The training of the network of a cell."""
        if problem == "network":
            shape, options = {}, Options(optimizer=method.lower(), nesterov=False, learning_rate=BEST[method])
        else:
            shape = {"hidden": (64,), "depth": 8, "kernel_initializer": "he_normal"}
            longest = 0.02 if method == "clipped" else None
            options = Options(optimizer="sgd", learning_rate=3.0, global_clipnorm=longest)
        config = get_config("mlp", **shape).for_data(self.dataset.spec)
        return self.quiet(config, options, self.steps, xla=False)

    def _formulas(self, seed: int) -> dict:
        generator = np.random.default_rng(seed)
        split = self.dataset.train
        split = split.take(generator.choice(len(split), min(50, len(split)), replace=False))
        x = split.inputs().reshape(len(split), -1).astype("float64")
        x /= np.abs(x).max()
        hot = np.eye(self.dataset.spec.classes)[split.labels]
        start = generator.normal(0, 0.1, (x.shape[1], hot.shape[1]))

        def gradient(w):
            return x.T @ (softmax(x @ w, axis=1) - hot) / len(x)

        def one_by_one(w):
            return np.mean([np.outer(a, softmax(a @ w) - b) for a, b in zip(x, hot, strict=True)], axis=0)

        return rules.deviations(gradient, one_by_one, start)


def _valley(method: str, seed: int) -> dict:
    """How many steps come to less than a thousandth of the distance, at the best rate, and the first of them."""
    angle = np.random.default_rng(seed).uniform(0.2, 0.45) * np.pi
    start = AXES @ [np.cos(angle), np.sin(angle)]
    with np.errstate(invalid="ignore", over="ignore"):
        path = METHODS[method](lambda w: w @ CURVATURE, np.tile(start, (len(RATES), 1)), RATES[:, None], LIMIT)
        far = ~(np.linalg.norm(path, axis=2) <= NEAR)
    steps = np.where(far[-1], LIMIT + 1, LIMIT - np.argmax(far[::-1], axis=0) + 1)
    best = steps.argmin()
    return {"steps": int(steps[best]), "rate": float(RATES[best]), "path": path[:60, best].tolist()}
