"""Inputs prepared so that the loss is no ravine: standardised, and whitened.

LeCun, Bottou, Orr & Müller, "Efficient BackProp", in Neural Networks: Tricks of the Trade, 1998, sections 4.3 and 5.1.
The squared error of a linear model is a parabola, and its Hessian is the second moment of the inputs. Raw inputs, such
as pixels 0..1, have a mean and are correlated, so it is steep in some directions and flat in others: a ravine, in which
gradient descent may only take steps that are safe in the steepest direction. Standardising takes away the mean and
gives every input the variance 1; whitening takes away the correlations too, by PCA, or turned back to the pixels (ZCA).
All of it is fitted on the training split alone.

How long gradient descent takes is known without taking the steps: along each eigenvector the distance to the
minimum shrinks by 1 - rate * eigenvalue a step. The rate is one over the largest eigenvalue.

Run it by `keras-dl run input-preparation`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl.data import Data
from keras_dl.data.whitening import standardize, whiten
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import below
from keras_dl.figures import save_figure

PREPARATIONS = {"raw": "raw", "standardized": "standardised", "pca": "whitened, PCA", "zca": "whitened, ZCA"}
STEPS = np.unique(np.geomspace(1, 1e8, 500).astype(int))


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputPreparation(DataExperiment):
    """Compare how well raw, standardised and whitened inputs condition the loss of a linear model."""

    tolerance: Annotated[float, below(1)] = 0.01
    """part of the avoidable loss at the start that is left when gradient descent may stop"""

    def cells(self) -> list[dict]:
        return [{"inputs": inputs} for inputs in PREPARATIONS]

    def measure(self, *, seed: int, inputs: str) -> dict:
        data = prepared(self.dataset, inputs)
        scale = 255 if data.spec.kind == "image" else 1
        rows = data.train.inputs().reshape(len(data.train), -1).astype("float64") / scale
        targets = np.eye(data.spec.classes)[data.train.labels]
        start = np.random.default_rng(seed).normal(size=(rows.shape[1] + 1, data.spec.classes)) * 0.01
        eigenvalues, errors = descent(rows, targets, start, STEPS)
        reached = errors <= self.tolerance
        return {
            "condition": float(eigenvalues[0] / eigenvalues[-1]),
            "eigenvalues": eigenvalues.tolist(),
            "errors": errors.tolist(),
            "steps": int(STEPS[reached.argmax()] if reached.any() else STEPS[-1]),
            "from_identity": float(np.abs(np.cov(rows, rowvar=False) - np.eye(rows.shape[1])).max()),
        }

    def claims(self, results: Results) -> list[Claim]:
        def ratio(text: str, key: str, above: str, below: str, at_least: float = 1.0) -> Claim:
            values = results.values(key, inputs=above) / results.values(key, inputs=below)
            return Claim(text=text, quantity=f"{key}, {above} over {below}", measured=values, at_least=at_least)

        return [
            Claim(
                text="Whitening makes the covariance of the training inputs the identity",
                quantity="largest difference",
                measured=results.values("from_identity", inputs="pca"),
                at_most=1e-3,
                exact=True,
            ),
            ratio("Standardised inputs condition the loss better than raw ones", "condition", "raw", "standardized"),
            ratio("Whitened inputs condition it better still", "condition", "standardized", "pca"),
            ratio(
                "Gradient descent is faster on standardised inputs (LeCun et al. 1998)", "steps", "raw", "standardized"
            ),
            ratio("It is faster still on whitened ones", "steps", "standardized", "pca"),
            ratio("Both together save most of the steps", "steps", "raw", "pca", 5.0),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        figure.suptitle(f"a linear model on {self.subject}")
        spectra, descents = figure.subplots(1, 2)
        for inputs in PREPARATIONS:
            eigenvalues, errors = (results.mean(key, inputs=inputs) for key in ("eigenvalues", "errors"))
            style = {"label": PREPARATIONS[inputs], "linestyle": "--" if inputs == "zca" else "-"}
            spectra.plot(range(1, len(eigenvalues) + 1), eigenvalues, **style)
            descents.plot(STEPS, np.maximum(errors, self.tolerance / 100), **style)
        spectra.set(
            yscale="log",
            xlabel="direction",
            ylabel="curvature of the loss",
            title="the ravine: steep in some directions, flat in others",
        )
        descents.axhline(self.tolerance, color="gray", linewidth=0.8, linestyle="--")
        descents.set(
            xscale="log",
            yscale="log",
            xlabel="step of gradient descent",
            ylabel="avoidable loss, part of that at the start",
            title="the way to the minimum",
        )
        for axes in (spectra, descents):
            axes.grid(alpha=0.3)
            axes.legend()
        save_figure(figure, folder / "input_preparation.png")


def prepared(data: Data, inputs: str) -> Data:
    """`data` with one of the `PREPARATIONS`."""
    if inputs == "raw":
        return data
    return standardize(data) if inputs == "standardized" else whiten(data, inputs)


def descent(
    rows: np.ndarray, targets: np.ndarray, start: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient descent on the squared error of a linear model with bias, in closed form.

    `rows` (n, inputs), `targets` (n, outputs), `start` (inputs + 1, outputs), the bias last. Returns the eigenvalues of
    the Hessian that are not 0, the largest first, and the loss above the minimum after each number of `steps`, as part
    of that at the start.
    """
    inputs = np.column_stack([rows, np.ones(len(rows))])
    eigenvalues, vectors = np.linalg.eigh(inputs.T @ inputs / len(rows))
    kept = np.flatnonzero(eigenvalues > 1e-10 * eigenvalues[-1])[::-1]
    eigenvalues, vectors = eigenvalues[kept], vectors[:, kept]
    best = vectors.T @ inputs.T @ targets / len(rows) / eigenvalues[:, None]
    losses = eigenvalues * np.square(vectors.T @ start - best).sum(axis=1)
    factors = (1 - eigenvalues / eigenvalues[0]) ** (2 * steps[:, None])
    return eigenvalues, factors @ losses / losses.sum()
