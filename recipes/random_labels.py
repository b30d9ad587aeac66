"""Random labels: a network that generalises can also learn any labels by heart, and regularization does not stop it.

Zhang, Bengio, Hardt, Recht & Vinyals, "Understanding deep learning requires rethinking generalization", ICLR 2017,
sections 2 to 4. Their network of one hidden layer with 512 units learns the same pictures with

- their true labels, and labels drawn at random;
- their pixels in another order, one for all pictures or one for each;
- noise in their place, of the same mean and deviation;
- random labels and weight decay, dropout, or shifts of the pictures.

It fits its examples each time (training ends at 99 %), though random labels can teach it nothing about the test split:
that it generalises on true ones cannot be due to its size or to these regularizers. Theorem 1 of the
paper is shown too: a network of two layers and 2n + d weights that takes any values on n points of d numbers, set
in closed form; the points must differ.

Run it by `keras-dl run random-labels`, with `--data usps_zip` on zip codes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.architectures.feedforward.memorizing_relu_net import solve
from keras_dl.augment import image
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, Share, at_least, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet, error_rate

INPUTS = {
    "true": "true labels",
    "random": "random labels",
    "shuffled": "shuffled pixels",
    "shuffled_each": "pixels shuffled in each",
    "noise": "noise pictures",
}
REGULARIZERS = {"decay": "weight decay", "dropout": "dropout", "shift": "shifted pictures"}
FITTED, BATCH, CHECKS = 99.0, 32, 180


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomLabels(DataExperiment):
    """Train one network on true labels, random labels and noise, with and without regularization."""

    seeds: Count = 3
    """how often each is repeated, with other examples, labels and weights"""
    examples: Annotated[int, at_least(BATCH)] = 300
    """training examples"""
    epochs: Annotated[int, multiple_of(CHECKS)] = 900
    """passes over the examples, a multiple of 180, the checks of the training accuracy; it ends at 99 %"""
    learning_rate: Positive = 3e-3
    """AdamW's"""
    weight_decay: Share = 0.1
    """of the run with weight decay, times the learning rate per step"""
    dropout: Share = 0.3
    """of the run with dropout"""
    points: Annotated[int, at_least(2)] = 1000
    """points that the network of 2n + d weights takes"""

    def cells(self) -> list[dict]:
        self.check_examples(self.examples)
        self.check_examples(self.points, "points")
        self.dataset.spec.check_pictures()
        runs = [{"inputs": inputs, "regularizer": None} for inputs in INPUTS]
        runs += [{"inputs": "random", "regularizer": regularizer} for regularizer in REGULARIZERS]
        return [*runs, {"inputs": "closed_form", "regularizer": None}]

    def measure(self, *, seed: int, inputs: str, regularizer: str | None) -> dict:
        """The training accuracies and the final test accuracy, in %; or what the closed form gives."""
        generator = np.random.default_rng(seed)
        if inputs == "closed_form":
            return self._closed_form(generator)
        chosen = self.dataset.train.take(generator.permutation(len(self.dataset.train))[: self.examples])
        x, labels, test = chosen.inputs(), chosen.labels, self.dataset.test.inputs()
        shape, pixels = x.shape, x[0].size
        match inputs:
            case "random":
                labels = generator.integers(0, self.dataset.spec.classes, len(labels))
            case "shuffled":
                order = generator.permutation(pixels)
                x, test = (
                    pictures.reshape(len(pictures), -1)[:, order].reshape(-1, *shape[1:]) for pictures in (x, test)
                )
            case "shuffled_each":
                x = generator.permuted(x.reshape(len(x), -1), axis=1).reshape(shape)
            case "noise":
                x = generator.normal(x.mean(), x.std(), shape).astype("float32")
        loop, curve = self._loop(regularizer), []
        model = loop.begin(seed)
        steps = self.epochs // CHECKS * (len(x) // BATCH)
        for check in range(CHECKS):
            if curve and curve[-1] >= FITTED:
                break
            epochs = [generator.permutation(len(x))[: len(x) // BATCH * BATCH] for _ in range(self.epochs // CHECKS)]
            loop.run(x, labels, np.concatenate(epochs).reshape(steps, BATCH), seed=seed * CHECKS + check)
            curve.append(100 - error_rate(model, x, labels))
        curve += curve[-1:] * (CHECKS - len(curve))
        return {"curve": curve, "test": 100 - error_rate(model, test, self.dataset.test.labels)}

    def claims(self, results: Results) -> list[Claim]:
        def fit(inputs: str, regularizer: str | None = None) -> np.ndarray:
            return results.values("curve", inputs=inputs, regularizer=regularizer)[:, -1]

        def epochs(inputs: str) -> np.ndarray:
            reached = results.values("curve", inputs=inputs, regularizer=None) >= FITTED
            checks = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, CHECKS)
            return checks * (self.epochs // CHECKS)

        chance = 100 / self.dataset.spec.classes
        learned = [(text, fit(inputs), "100 %") for inputs, text in INPUTS.items()]
        learned += [
            (f"random labels with {text}", fit("random", name), "99.2 %" if name == "decay" else "")
            for name, text in REGULARIZERS.items()
        ]
        found = [
            Claim(
                text=f"The network learns {text} by heart (Zhang et al. 2017, section 2 and table 4)",
                quantity="training accuracy",
                measured=values,
                at_least=FITTED,
                unit="%",
                published=published,
            )
            for text, values, published in learned
        ]
        return [
            *found,
            Claim(
                text="What it learns from random labels is worth nothing on the test split",
                quantity=f"test accuracy, less chance ({chance:.0f} %)",
                measured=results.values("test", inputs="random", regularizer=None) - chance,
                at_least=-3,
                at_most=3,
                unit="points",
                published="0",
            ),
            Claim(
                text="Random labels take longer to learn than true ones, by a small factor (section 2.1)",
                quantity=f"epochs to {FITTED:.0f} % of random labels over those of true ones",
                measured=epochs("random") / epochs("true"),
                at_least=1.01,
                published="a small constant factor",
            ),
            Claim(
                text="Two layers take any values on n points of d numbers with 2n + d weights (theorem 1)",
                quantity="weights beyond 2n + d",
                measured=results.values("surplus", inputs="closed_form"),
                at_least=0,
                at_most=0,
                exact=True,
            ),
            Claim(
                text="Set in closed form, they meet every one of the values",
                quantity=f"largest error at {self.points} points with random values of -1 and 1",
                measured=results.values("error", inputs="closed_form"),
                at_most=1e-3,
                exact=True,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.5), layout="constrained")
        panels = (
            ("the network without regularization", [(inputs, None, text) for inputs, text in INPUTS.items()]),
            (
                "random labels with regularization",
                [("random", None, "none"), *(("random", name, text) for name, text in REGULARIZERS.items())],
            ),
        )
        epochs = np.linspace(0, self.epochs, CHECKS + 1)[1:]
        for axes, (title, curves) in zip(figure.subplots(1, 2, sharey=True), panels, strict=True):
            for inputs, regularizer, label in curves:
                test = results.mean("test", inputs=inputs, regularizer=regularizer)
                curve = results.mean("curve", inputs=inputs, regularizer=regularizer)
                axes.plot(epochs, curve, label=f"{label} (test {test:.0f} %)")
            axes.set(xlabel="epoch", title=title, xscale="log")
            axes.grid(alpha=0.3)
            axes.legend(fontsize="small")
        figure.axes[0].set_ylabel("training accuracy, %")
        save_figure(figure, folder / "random_labels.png")

    def _closed_form(self, generator: np.random.Generator) -> dict:
        points = self.dataset.train.take(generator.permutation(len(self.dataset.train))[: self.points]).inputs()
        targets = generator.choice((-1.0, 1.0), self.points)
        model = get_config("memorizing_relu_net", input_shape=points.shape[1:], units=self.points).build()
        solve(model, points, targets, seed=int(generator.integers(2**31)))
        outputs = keras.ops.convert_to_numpy(model(points.astype("float64")))[:, 0]
        expected = 2 * self.points + points[0].size
        return {"surplus": model.count_params() - expected, "error": float(np.abs(outputs - targets).max())}

    def _loop(self, regularizer: str | None) -> Quiet:
        """The training with a regularizer, or with none."""
        dropout = self.dropout if regularizer == "dropout" else 0.0
        decay = self.weight_decay if regularizer == "decay" else 0.0
        augment = image.CHANGES["shift"] if regularizer == "shift" else None
        config = get_config("zhang_mlp_1x512", dropout=dropout).for_data(self.dataset.spec)
        rates = {"learning_rate": self.learning_rate, "weight_decay": decay, "weight_decay_on": "all"}
        return self.quiet(config, Options(optimizer="adamw", **rates), augment=augment)
