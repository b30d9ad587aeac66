"""The deep learning recipe that lectures give after Hinton (2013), its items taken away one at a time.

Hinton, Srivastava, Krizhevsky, Sutskever & Salakhutdinov, "Improving neural networks by preventing co-adaptation of
feature detectors", arXiv:1207.0580, 2012, whose network for digits this is, an eighth as wide. The eight items:

1. a large data set; here against a tenth of it.
2. a network of many large layers, such as 7 of 1000 units; against one layer.
3. GPUs, if there are any: they change how long it takes, not what is learned, so nothing is compared.
4. stochastic gradient descent; against steps that each take all the data, in as many passes.
5. rectified linear units, max(0, h), except for the output; against sigmoids.
6. drop-out; against none, and against the published half of the units, which layers of 1000 can do without.
7. weights initialised by unsupervised learning, if one wants: the recipe `unsupervised_pretraining` shows it.
8. convolutions that share weights, with max pooling, where inputs are pictures; added here.

Drop-out takes a fifth of the units, since layers are narrow. SGD has momentum 0.9, as Hinton's.

Run it by `keras-dl run hinton-2013`; `--data usps_zip --steps 6000` is the larger set.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.config import Config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, Share
from keras_dl.figures import save_figure
from keras_dl.training import Options
from keras_dl.training.order import random_order
from keras_dl.training.quiet import error_rate

FULL = "the full recipe"
FEW, ONE, BATCH, SIGMOIDS = "1 a tenth of the data", "2 one hidden layer", "4 all data in each step", "5 sigmoids"
NO_DROPOUT, HALF, CONVOLUTION = "6 no drop-out", "6 drop-out 0.5", "8 convolutions"
CHANGES = {
    FULL: {},
    FEW: {},
    ONE: {"depth": 1},
    BATCH: {},
    SIGMOIDS: {"activation": "sigmoid", "kernel_initializer": "glorot_normal"},
    NO_DROPOUT: {"dropout": 0.0, "input_dropout": 0.0},
    HALF: {"dropout": 0.5},
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hinton2013(DataExperiment):
    """Train Hinton's network by the whole recipe, and with one item of it changed at a time."""

    seeds: Count = 3
    """how often each measurement is repeated, with other random numbers"""
    width: Positive = 0.125
    """width of the layers, as part of 1000 units"""
    dropout: Share = 0.2
    """fraction of hidden units dropped by the full recipe"""
    steps: Count = 1200
    """training steps of each network"""
    batch_size: Count = 32
    """examples per training step"""
    learning_rate: Positive = 0.05
    """of SGD with momentum, at its highest; it warms up for 5 % of the steps, then falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        pictures = self.dataset.spec.kind == "image"
        return [{"change": change} for change in (*CHANGES, *([CONVOLUTION] if pictures else []))]

    def measure(self, *, seed: int, change: str) -> dict:
        generator = np.random.default_rng(seed)
        train, test = self.dataset.train, self.dataset.test
        steps, batch_size = self.steps, self.batch_size
        if change == FEW:
            train = train.take(generator.permutation(len(train))[: max(1, len(train) // 10)])
        elif change == BATCH:
            steps, batch_size = max(1, steps * batch_size // len(train)), len(train)
        options = Options(optimizer="momentum", learning_rate=self.learning_rate, schedule="cosine")
        loop = self.quiet(self._config(change), options, steps, xla=False)
        model = loop.begin(seed)
        loop.run(train.inputs(), train.labels, random_order(len(train), steps, batch_size, generator))
        return {"accuracy": 100 - error_rate(model, test.inputs(), test.labels)}

    def claims(self, results: Results) -> list[Claim]:
        def accuracy(change: str) -> np.ndarray:
            return results.values("accuracy", change=change)

        def lead(text: str, change: str, at_least: float, reason: str = "") -> Claim:
            return Claim(
                text=text,
                quantity=f"test accuracy, {FULL} minus {change[2:]}",
                measured=accuracy(FULL) - accuracy(change),
                at_least=at_least,
                unit="points",
                reason=reason,
            )

        best = max((change for change in CHANGES if change != FULL), key=lambda change: accuracy(change).mean())
        narrow = "narrow layers lose more by missing units than they gain: without drop-out the network does better"
        claims = [
            Claim(
                text="The whole recipe is as good as any part of it",
                quantity=f"test accuracy, {best[2:]} minus {FULL}",
                measured=accuracy(best) - accuracy(FULL),
                at_most=1.0,
                unit="points",
                reason=narrow,
            ),
            lead("1: more data are better", FEW, 1.0),
            lead(
                "2: many layers are better than one",
                ONE,
                0.0,
                "seven layers drop units seven times; without drop-out they do as well as one",
            ),
            lead("4: SGD learns more in as many passes than steps of all data do", BATCH, 10.0),
            Claim(
                text="5: without ReLU seven layers do not learn",
                quantity="test accuracy with sigmoids",
                measured=accuracy(SIGMOIDS),
                at_most=50.0,
                unit="%",
            ),
            lead("6: drop-out regularises", NO_DROPOUT, 0.0, narrow),
            Claim(
                text="6: half of the units can be dropped (Hinton et al. 2012, layers of 1000)",
                quantity="test accuracy",
                measured=accuracy(HALF),
                at_least=90.0,
                unit="%",
                reason=f"layers of {round(1000 * self.width)} units are too narrow for it",
            ),
        ]
        if any(row["change"] == CONVOLUTION for row in results.rows):
            gain = accuracy(CONVOLUTION) - accuracy(FULL)
            text = "8: convolutions with max pooling are better where inputs are pictures"
            quantity = f"test accuracy, {CONVOLUTION[2:]} minus {FULL}"
            claims.append(Claim(text=text, quantity=quantity, measured=gain, at_least=0.0, unit="points"))
        return claims

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(8, 4), layout="constrained")
        axes = figure.subplots()
        names = [cell["change"] for cell in self.cells()][::-1]
        for name in names:
            values = results.values("accuracy", change=name)
            color = "tab:orange" if name == FULL else "tab:blue"
            axes.barh(name, values.mean(), xerr=values.std(), capsize=4, color=color)
            axes.text(2, name, f"{values.mean():.1f}", va="center", color="white" if values.mean() > 20 else "black")
        axes.set(xlabel="test accuracy, %", xlim=(0, 100), title=f"one item of the recipe changed, on {self.subject}")
        axes.grid(axis="x", alpha=0.3)
        save_figure(figure, folder / "hinton_2013.png")

    def _config(self, change: str) -> Config:
        spec = self.dataset.spec
        if change == CONVOLUTION:
            size = {"filters": (16, 32), "padding": ("same", "same"), "units": (round(1000 * self.width),)}
            return get_config("lenet_like", input_shape=spec.shape, classes=spec.classes, **size)
        settings = {"kernel_initializer": "he_normal", "dropout": self.dropout, **CHANGES[change]}
        return get_config("hinton_2013_mlp", **settings).scaled(width=self.width).for_data(spec)
