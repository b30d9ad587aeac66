"""Double descent: the test error peaks where a model is just able to fit its training examples, and falls again beyond.

Belkin, Hsu, Ma & Mandal, "Reconciling modern machine-learning practice and the classical bias-variance trade-off",
PNAS 116(32), 2019; Schaeffer et al., "Double descent demystified", 2023; Nakkiran et al., "Deep double descent", ICLR
2020. Four families of models of growing size:

- polynomials in the basis of Legendre, least squares of least norm. Degree d has d + 1 coefficients, so that the
  threshold for n points is degree n - 1, not n as in the lecture; in the basis of monomials there is no second descent.
- random ReLU features of the data, fitted in the same way, with 15 % of the training labels wrong;
- the width of a network of one hidden layer, trained on such labels;
- the width of a linear autoencoder, which has no peak: double descent is not universal (Lupidi, Gideoni & Jayalath,
  "Does double descent occur in self-supervised learning?", ICLR Tiny Papers 2023).

That the second descent goes below the first minimum is not claimed: it often does not.

Run it by `keras-dl run double-descent`, with `--data usps_zip` on zip codes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis import interpolation
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.experiments.wrong_labels import with_wrong_labels
from keras_dl.fields import Count, Growing, Positive, Share
from keras_dl.figures import save_figure
from keras_dl.training import Options
from keras_dl.training.order import random_order
from keras_dl.training.quiet import error_rate

POINTS, NOISE = 20, 0.1
DEGREES = (*range(25), 30, 40, 60, 100, 150, 200, 300, 500, 50 * POINTS)
FEATURES = (0.02, 0.06, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.6, 2, 4, 8, 16)
FITTED = 1.0
"""training error, %, up to which a network counts as fitting its examples"""
CODED, CODES = 30, (1, 2, 4, 8, 12, 16, 20, 24, 28, 29, 30, 31, 32, 40, 48, 64)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DoubleDescent(DataExperiment):
    """Test and training error against the size of four families of models, around the interpolation threshold."""

    seeds: Count = 3
    """how often each measurement is repeated, with other examples, wrong labels and random numbers"""
    examples: Count = 500
    """training examples of the random features and the networks"""
    wrong_labels: Share = 0.15
    """part of the training labels that are wrong"""
    widths: Growing = (2, 4, 8, 16, 32, 64, 128, 512)
    """hidden units of the networks, growing"""
    steps: Count = 4000
    """training steps of each network"""
    batch_size: Count = 50
    """examples per training step"""
    learning_rate: Positive = 3e-3
    """Adam's"""

    def cells(self) -> list[dict]:
        self.check_examples(self.examples)
        exact = [{"family": family, "width": None} for family in ("polynomial", "features", "autoencoder")]
        return exact + [{"family": "network", "width": width} for width in self.widths]

    def measure(self, *, seed: int, family: str, width: int | None) -> dict:
        """The errors on "train" and "test" examples: of every size of an exact family, or of one network."""
        generator = np.random.default_rng(seed)
        if family == "polynomial":
            return _polynomials(generator)
        chosen = self.dataset.train.take(generator.permutation(len(self.dataset.train))[: self.examples])
        labels = with_wrong_labels(chosen.labels, self.dataset.spec.classes, self.wrong_labels, generator)
        test, test_labels = self.dataset.test.inputs(), self.dataset.test.labels
        if family == "network":
            return self._network(width, chosen.inputs(), labels, test, test_labels, seed)
        x, unseen = (inputs.reshape(len(inputs), -1) / 127.5 - 1 for inputs in (chosen.inputs(), test))
        if family == "autoencoder":
            train, test = interpolation.linear_autoencoders(x[:CODED], unseen, CODES)
            return {"train": train.tolist(), "test": test.tolist()}
        counts = [max(1, round(share * self.examples)) for share in FEATURES]
        targets = np.eye(self.dataset.spec.classes)[labels]
        seen, beyond = interpolation.random_features(x, targets, unseen, counts, seed=seed)
        return {
            "train": np.mean((seen - targets) ** 2, axis=(1, 2)).tolist(),
            "test": (100 * np.mean(beyond.argmax(axis=2) != test_labels, axis=1)).tolist(),
        }

    def _network(self, width: int, x: np.ndarray, labels: np.ndarray, test: np.ndarray, test_labels, seed: int) -> dict:
        config = get_config("mlp", hidden=(width,)).for_data(self.dataset.spec)
        loop = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps)
        model = loop.begin(seed)
        loop.run(x, labels, random_order(len(labels), self.steps, self.batch_size, np.random.default_rng(seed)))
        return {"train": error_rate(model, x, labels), "test": error_rate(model, test, test_labels)}

    def claims(self, results: Results) -> list[Claim]:
        degrees, shares = np.array(DEGREES), np.array(FEATURES)
        beyond = degrees >= POINTS - 1
        fits = results.values("test", family="polynomial")
        peak = fits[:, abs(degrees - POINTS + 1) <= 2].max(axis=1)
        around = np.maximum(fits[:, degrees < POINTS - 3].min(axis=1), fits[:, -1])
        norms = results.values("norm", family="polynomial")[:, beyond]
        features, codes = results.values("test", family="features"), results.values("test", family="autoencoder")
        networks = self._networks(results, "test")
        first = int(np.argmax(self._networks(results, "train").mean(axis=0) <= FITTED))
        return [
            Claim(
                text="A polynomial errs most where its coefficients are as many as the points (Schaeffer et al. 2023)",
                quantity=f"log10 of the peak over the best before it, or over degree {DEGREES[-1]} if that is higher",
                measured=np.log10(peak / around),
                at_least=2,
            ),
            Claim(
                text="From the threshold on every point is met",
                quantity="largest mean squared training error of a polynomial",
                measured=results.values("train", family="polynomial")[:, beyond].max(axis=1),
                at_most=1e-12,
                exact=True,
            ),
            Claim(
                text="Beyond the threshold each further coefficient makes the fit smaller; so its error falls again",
                quantity="largest norm of a polynomial over that of a lower degree",
                measured=(norms[:, 1:] / norms[:, :-1]).max(axis=1),
                at_most=1 + 1e-6,
                exact=True,
            ),
            Claim(
                text="With random features the peak is where they are as many as examples (Belkin et al. 2019)",
                quantity="features per example at the highest test error",
                measured=shares[features.argmax(axis=1)],
                at_least=0.9,
                at_most=1.1,
                published="1",
            ),
            Claim(
                text="The peak is far above the classical minimum",
                quantity="test error at the peak, less the best below it",
                measured=features.max(axis=1) - features[:, shares < 0.9].min(axis=1),
                at_least=30,
                unit="points",
            ),
            Claim(
                text="With many more features than examples the error falls again",
                quantity="test error at the peak, less that of 16 features per example",
                measured=features.max(axis=1) - features[:, -1],
                at_least=40,
                unit="points",
            ),
            Claim(
                text="Networks far wider than needed to fit err less than one just wide enough (Nakkiran et al. 2020)",
                quantity=f"test error with {self.widths[-1]} units, less with {self.widths[first]}, which just fit",
                measured=networks[:, -1] - networks[:, first],
                at_most=0,
                unit="points",
            ),
            Claim(
                text="A linear autoencoder has no second descent (Lupidi et al. 2023)",
                quantity="largest test error over that of a narrower code",
                measured=(codes[:, 1:] / codes[:, :-1]).max(axis=1),
                at_most=1 + 1e-6,
                exact=True,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        network = {key: self._networks(results, key) for key in ("train", "test")}
        fits = network["train"].mean(axis=0) <= FITTED
        threshold = self.widths[fits.argmax()] if fits.any() else None
        panels = (
            ("polynomial", np.array(DEGREES) + 1, POINTS, "coefficients", "squared error", "polynomials of least norm"),
            ("features", FEATURES, 1, "features per example", "test error, %", "random ReLU features"),
            ("network", self.widths, threshold, "hidden units", "error, %", "networks"),
            ("autoencoder", CODES, CODED - 1, "units of the code", "squared error", "linear autoencoders: no peak"),
        )
        figure = Figure(figsize=(11, 7.5), layout="constrained")
        for axes, (family, sizes, threshold, size, quantity, title) in zip(
            figure.subplots(2, 2).flat, panels, strict=True
        ):
            for key, label, color in (("test", "test", "C0"), ("train", "training", "C7")):
                if (family, key) == ("features", "train"):
                    continue
                curves = network[key] if family == "network" else results.values(key, family=family)
                axes.plot(sizes, np.maximum(curves.T, 1e-6), color=color, alpha=0.25)
                middle = np.median(curves, axis=0)
                axes.plot(
                    sizes, np.maximum(middle, 1e-6), color=color, marker=".", label=f"{label}, median of the seeds"
                )
            if threshold is not None:
                axes.axvline(threshold, color="C3", linestyle=":", label="interpolation threshold")
            axes.set(xlabel=size, ylabel=quantity, title=title, xscale="log")
            if family == "polynomial":
                axes.set(yscale="log")
            if family == "network":
                axes.set_xticks(sizes, map(str, sizes))
                axes.minorticks_off()
            axes.grid(alpha=0.3)
            axes.legend(fontsize="small")
        save_figure(figure, folder / "double_descent.png")

    def _networks(self, results: Results, key: str) -> np.ndarray:
        """The errors of the networks, (seeds, widths)."""
        return np.array([results.values(key, family="network", width=width) for width in self.widths]).T


def _polynomials(generator: np.random.Generator) -> dict:
    """Fits to noisy points of a random polynomial of degree 4."""
    coefficients, unseen = generator.normal(size=5), np.linspace(-1, 1, 1001)
    x = generator.uniform(-1, 1, POINTS)
    y, truth = (np.polynomial.legendre.legval(places, coefficients) for places in (x, unseen))
    y += NOISE * generator.normal(size=POINTS)
    seen, beyond, norms = interpolation.polynomials(x, y, unseen, DEGREES)
    errors = {"train": np.mean((seen - y) ** 2, axis=1), "test": np.mean((beyond - truth) ** 2, axis=1)}
    return {key: values.tolist() for key, values in {**errors, "norm": norms}.items()}
