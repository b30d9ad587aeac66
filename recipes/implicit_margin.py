"""Implicit margin: gradient descent on separable data goes on to the widest margin, though nobody asks for it.

Soudry, Hoffer, Nacson, Gunasekar & Srebro, "The Implicit Bias of Gradient Descent on Separable Data", JMLR 19, 2018,
theorem 3; Nacson et al., "Convergence of Gradient Descent on Separable Data", AISTATS 2019.

Logistic regression without any regularizer learns two classes that a plane separates, in float64. Long after each
training example is right, the weights grow without end, like the logarithm of the steps, while their direction turns to
that of the support vector machine: the norm says how long was trained, the direction what was learned. A lecture has it
that gradient descent minimises under the constraint of a unit norm. It sets no constraint; only the direction behaves
so, and only in the limit. Plain descent approaches it like 1 / log(steps), which no run outlasts: it is still some
degrees away at the end. Divided by the loss, the same gradient takes steps that do not fade, and arrives.

The bias is the weight of an input that is always 1, in the machine too, so that a plane through the origin of one more
dimension is meant; its separation is exact, since each example is given a mirror image of the other class.

Run it by `keras-dl run implicit-margin`; `--pair 1 8` takes other classes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl.analysis.update_rules import sgd
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Bounds, at_least, up_to
from keras_dl.figures import save_figure

METHODS = {"plain": "gradient descent", "normalized": "gradient divided by the loss"}
POINTS = 61


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImplicitMargin(DataExperiment):
    """Follow the margin and the direction of logistic regression after the last training error."""

    pair: Annotated[
        tuple[int, int], Bounds("two different classes", lambda pair: pair[0] != pair[1] and min(pair) >= 0)
    ] = (3, 8)
    """the two classes, by number"""
    share: Annotated[float, up_to(1)] = 0.5
    """part of their training examples that is drawn for each seed"""
    steps: Annotated[int, at_least(10)] = 30_000
    """steps of full-batch gradient descent"""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in METHODS]

    def measure(self, *, seed: int, method: str) -> dict:
        """Curves over the training at `_marks()`: "margin" of the unit vector, "cosine" to the machine's direction,
        "norm"; and the widest "best" margin, "separated" the first step without a training error."""
        generator = np.random.default_rng(seed)
        signed = self._examples(generator)
        machine = widest_margin(signed)
        best = (signed @ machine).min()
        if best <= 0:
            raise UsageError(f"no plane separates classes {self.pair[0]} and {self.pair[1]}; choose another --pair")
        rate = 4 / np.square(signed).sum(axis=1).max()  # below 2 / the largest curvature of the loss
        weights = generator.normal(0, 0.1, signed.shape[1])
        rows, separated, done = [], None, 0

        def gradient(weights: np.ndarray) -> np.ndarray:
            margins = signed @ weights
            gradient = -np.exp(-np.logaddexp(0, margins)) @ signed / len(signed)
            return gradient / (4 * np.logaddexp(0, -margins).mean()) if method == "normalized" else gradient

        for mark in self._marks().tolist():
            path = sgd(gradient, weights, rate, mark - done)[1:]
            if separated is None:
                right = (number for number, w in enumerate(path, done + 1) if (signed @ w).min() > 0)
                separated = next(right, None)
            weights, done = path[-1], mark
            norm = np.linalg.norm(weights)
            rows.append([(signed @ weights).min() / norm, machine @ weights / norm, norm])
        margin, cosine, norm = np.transpose(rows).tolist()
        return {"margin": margin, "cosine": cosine, "norm": norm, "best": float(best), "separated": separated}

    def _marks(self) -> np.ndarray:
        return np.unique(np.geomspace(1, self.steps, POINTS).round().astype(int))

    def _examples(self, generator: np.random.Generator) -> np.ndarray:
        """Inputs of the pair within 0..1, with a 1 appended, times +1 or -1 by class: (examples, inputs + 1)."""
        train, spec = self.dataset.train, self.dataset.spec
        if spec.kind not in ("image", "features"):
            raise UsageError(f"{self.data} is {spec.kind}; a plane separates numbers")
        if max(self.pair) >= spec.classes:
            raise UsageError(f"{self.data} has the classes 0 to {spec.classes - 1}, not {max(self.pair)}")
        members = np.flatnonzero(np.isin(train.labels, self.pair))
        members = generator.choice(members, max(2, round(self.share * len(members))), replace=False)
        chosen = train.take(members)
        inputs = chosen.inputs().reshape(len(members), -1).astype("float64")
        inputs = np.c_[inputs / 255 if spec.kind == "image" else inputs, np.ones(len(members))]
        return np.where(chosen.labels == self.pair[1], 1.0, -1.0)[:, None] * inputs

    def claims(self, results: Results) -> list[Claim]:
        marks = self._marks()
        last, late = {}, marks >= self.steps / 10
        for method in METHODS:
            last[method] = {key: results.values(key, method=method)[:, -1] for key in ("margin", "cosine")}
        grown = []
        for row in results.rows:
            if row["method"] == "plain":
                right = np.array(row["margin"])[marks >= (row["separated"] or np.inf)]
                grown.append(right[-1] / right[0] if len(right) else np.nan)
        straight = [
            np.corrcoef(np.log(marks[late]), norm[late])[0, 1] for norm in results.values("norm", method="plain")
        ]
        best = results.values("best", method="normalized")
        return [
            Claim(
                text="The margin keeps growing after the last training error (Soudry et al. 2018)",
                quantity="margin at the end over that at the first step without an error, gradient descent",
                measured=np.array(grown),
                at_least=1.5,
            ),
            Claim(
                text="The direction converges to that of the support vector machine (theorem 3)",
                quantity="cosine between both, gradient divided by the loss",
                measured=last["normalized"]["cosine"],
                at_least=0.99,
            ),
            Claim(
                text="The margin becomes the widest there is (corollary of theorem 3)",
                quantity="margin over the machine's, gradient divided by the loss",
                measured=last["normalized"]["margin"] / best,
                at_least=0.95,
                at_most=1.001,
            ),
            Claim(
                text="Plain gradient descent approaches it only logarithmically in the steps (theorem 5)",
                quantity="distance of its direction from the machine's, over that of the other method",
                measured=(1 - last["plain"]["cosine"]) / (1 - last["normalized"]["cosine"]),
                at_least=3,
            ),
            Claim(
                text="The norm grows without bound, like the logarithm of the steps (theorem 3)",
                quantity="correlation of the norm with log(steps) over the last tenfold, gradient descent",
                measured=np.array(straight),
                at_least=0.98,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 3.8), layout="constrained")
        panels = figure.subplots(1, 3)
        marks, best = self._marks(), results.mean("best")
        for method, name in METHODS.items():
            panels[0].plot(marks, results.mean("margin", method=method), label=name)
            panels[1].plot(marks, results.mean("cosine", method=method), label=name)
            panels[2].plot(marks, results.mean("norm", method=method), label=name)
        panels[0].axhline(best, color="black", ls=":", label="support vector machine")
        panels[0].set(ylabel="margin of the unit vector", title="The smallest distance to the plane")
        panels[0].set_ylim(-1.5 * best, 1.15 * best)
        panels[1].axhline(1, color="black", ls=":")
        panels[1].set(ylabel="cosine to the machine's direction", title="The direction")
        panels[2].set(ylabel="norm of the weights", yscale="log", title="The length")
        separated = np.median([row["separated"] or self.steps for row in results.rows if row["method"] == "plain"])
        for panel in panels:
            panel.axvline(separated, color="gray", lw=0.8, ls="--", label="last training error (plain)")
            panel.set(xlabel="step", xscale="log")
            panel.grid(alpha=0.3)
        panels[0].legend(loc="lower right", fontsize=8)
        figure.suptitle(f"{self.subject}, classes {self.pair[0]} and {self.pair[1]}, mean of {self.seeds} seeds")
        save_figure(figure, folder / "implicit_margin.png")


def widest_margin(signed: np.ndarray) -> np.ndarray:
    """The unit vector u whose smallest product with the rows of `signed` (examples, inputs) is largest, (inputs,).

    The examples and their mirror images as two classes leave no room for an intercept. Where no plane separates them
    the smallest product is not positive.
    """
    from sklearn.svm import SVC

    machine = SVC(kernel="linear", C=1e6, tol=1e-6, max_iter=1_000_000)
    machine.fit(np.r_[signed, -signed], np.repeat([1, -1], len(signed)))
    return machine.coef_[0] / (np.linalg.norm(machine.coef_[0]) or 1)
