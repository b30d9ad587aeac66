"""How the first weights decide whether a signal gets through a network, and whether it learns at all.

Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010; He, Zhang,
Ren & Sun, "Delving Deep into Rectifiers", ICCV 2015, section 2.2. The network is the lectures': ReLU layers of 100,
150, 200, 250 and 300 units. Gaussian inputs of 100 numbers show what becomes of a signal on its way: the standard
deviation of the activations of each layer. Then plain SGD trains the same layers on the data from each start.

With n weights into a unit: zeros; constant, 1/n everywhere; small, deviation 0.01; large, deviation 1; Xavier,
sqrt(1/n); He, sqrt(2/n). A lecture writes He as 2/sqrt(n). That is the wrong root: 2/n is the variance, and in every
layer 2/sqrt(n) is sqrt(2) too much. Both are measured. Keras's `he_normal` is cut off at two deviations and widened
again, so that its deviation is sqrt(2/n) as well; here the Gaussian is whole.

Run it by `keras-dl run initialization`.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis.signals import layer_outputs, weight_gradients
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.kernels import kernels
from keras_dl.training import Options
from keras_dl.training.initialization import initialize

WIDTHS = (100, 150, 200, 250, 300)
LITERAL = "2/sqrt(n)"
SCHEMES = ("zeros", "constant", "small", "large", "xavier", "he", LITERAL)
STUCK = ("zeros", "constant", "small", "large")
SIGNALS, POINT, LEARNED, CHANCE = 1000, 10, 80.0, 2.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Initialization(DataExperiment):
    """Compare seven initial weights: what reaches the last layer, and how fast the network learns."""

    steps: Annotated[int, multiple_of(POINT)] = 200
    """training steps from each start, a multiple of 10: the points of its curve"""
    batch_size: Count = 32
    """examples per training step"""
    learning_rate: Positive = 0.1
    """of plain SGD"""

    def cells(self) -> list[dict]:
        return [{"scheme": scheme} for scheme in SCHEMES]

    def measure(self, *, seed: int, scheme: str) -> dict:
        keras.utils.set_random_seed(seed)
        model = get_config("mlp", input_shape=(100,), hidden=WIDTHS).build()
        draw_weights(model, scheme, seed)
        signal = np.random.default_rng(seed).normal(size=(SIGNALS, 100)).astype("float32")
        outputs = layer_outputs(model, signal, "*_activation")

        config = get_config("mlp", hidden=WIDTHS).for_data(self.dataset.spec)
        loop = self.quiet(config, Options(optimizer="sgd", learning_rate=self.learning_rate), self.steps)
        model = loop.begin(seed)
        draw_weights(model, scheme, seed)
        train, differences = self.dataset.train, []
        gradients = weight_gradients(model, *next(train.batches(128).as_numpy_iterator()), "*/kernel")
        watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: differences.append(difference_of_units(model)))
        history = loop.fit(
            train.stream(self.batch_size, steps=self.steps, seed=seed),
            epochs=self.steps // POINT,
            steps_per_epoch=POINT,
            callbacks=[watch] if scheme == "constant" else [],
        )
        return {
            "deviations": [float(output.std()) for output in outputs.values()],
            "largest_gradient": float(max(np.abs(gradient).max() for gradient in gradients.values())),
            "differences_of_units": differences,
            "accuracies": [100 * accuracy for accuracy in history["accuracy"]],
        }

    def claims(self, results: Results) -> list[Claim]:
        def ratio(scheme: str) -> np.ndarray:
            deviations = results.values("deviations", scheme=scheme)
            return deviations[:, -1] / deviations[:, 0]

        def signal(scheme: str, text: str, **bounds) -> Claim:
            return Claim(
                text=text, quantity="deviation of the last over that of the first", measured=ratio(scheme), **bounds
            )

        speed = {scheme: steps_to_learn(results.values("accuracies", scheme=scheme)) for scheme in SCHEMES}
        stuck = [results.values("accuracies", scheme=scheme)[:, -1] for scheme in STUCK]
        return [
            Claim(
                text="Weights of zero pass no gradient back: a network of them does not learn, only its last bias does",
                quantity="largest gradient of any weight",
                measured=results.values("largest_gradient", scheme="zeros"),
                at_most=0.0,
                exact=True,
            ),
            Claim(
                text="Equal weights learn as a herd: all units of a layer stay the same",
                quantity=f"largest difference between two units of a layer after {POINT} steps",
                measured=results.values("differences_of_units", scheme="constant")[:, 0],
                at_most=1e-6,
                exact=True,
            ),
            signal("small", "Small weights, deviation 0.01, let the signal collapse", at_most=1e-3),
            signal("large", "Large weights, deviation 1, let it explode", at_least=1e3),
            signal(
                "xavier", "Xavier, sqrt(1/n), loses a factor of sqrt(2) in each ReLU layer", at_least=0.15, at_most=0.4
            ),
            signal(
                "he", "He, sqrt(2/n), keeps it (He et al. 2015, section 2.2)", published="1", at_least=0.7, at_most=1.4
            ),
            signal(
                LITERAL, "2/sqrt(n), as a lecture writes He, gains sqrt(2) in each layer", at_least=2.8, at_most=5.6
            ),
            Claim(
                text="Neither zeros nor equal, small or large weights learn",
                quantity="training accuracy of the best of them in the end",
                measured=np.max(stuck, axis=0),
                at_most=100 * CHANCE / self.dataset.spec.classes,
                unit="%",
            ),
            Claim(
                text="With He a deep ReLU network begins to learn sooner than with Xavier (He et al. 2015, figure 2)",
                quantity=f"steps until {LEARNED:.0f} % of a batch are right, Xavier over He",
                measured=speed["xavier"] / speed["he"],
                at_least=1.5,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        signals, curves = figure.subplots(1, 2)
        steps = np.arange(1, self.steps // POINT + 1) * POINT
        for scheme in SCHEMES:
            deviations = results.mean("deviations", scheme=scheme)
            signals.plot(range(1, len(WIDTHS) + 1), np.where(deviations > 0, deviations, np.nan), marker="o")
            curves.plot(steps, results.mean("accuracies", scheme=scheme), label=scheme)
        signals.set(
            yscale="log",
            xticks=range(1, len(WIDTHS) + 1),
            xlabel="layer",
            ylabel="standard deviation of the activations",
            title="the signal on its way (zeros: none)",
        )
        curves.set(
            xlabel="training step",
            ylabel="training accuracy, %",
            ylim=(0, 100),
            title=f"SGD on {self.subject}, mean over {self.seeds} seeds",
        )
        for axes in (signals, curves):
            axes.grid(alpha=0.3)
        figure.legend(*curves.get_legend_handles_labels(), loc="outside right center", title="initial weights")
        save_figure(figure, folder / "initialization.png")


def draw_weights(model: keras.Model, scheme: str, seed: int) -> None:
    """Give the kernels of `model` the weights of `scheme`."""
    initialize(model, "he" if scheme == LITERAL else scheme, seed)
    for kernel, incoming in kernels(model):
        if scheme == LITERAL:
            kernel.assign(kernel * math.sqrt(2))
        elif scheme == "constant":
            kernel.assign(keras.ops.full(kernel.shape, 1 / math.prod(kernel.shape[axis] for axis in incoming)))


def difference_of_units(model: keras.Model) -> float:
    """The largest difference between the incoming weights of two units of a hidden layer."""
    hidden = [layer.kernel.numpy() for layer in model.layers if layer.name.endswith("_dense")]
    return float(max(np.ptp(kernel, axis=1).max() for kernel in hidden))


def steps_to_learn(accuracies: np.ndarray) -> np.ndarray:
    """How many steps it took until the accuracy was `LEARNED`, (seeds, points) -> (seeds,); all of them if never."""
    learned = accuracies >= LEARNED
    return POINT * np.where(learned.any(axis=1), learned.argmax(axis=1) + 1, accuracies.shape[1])
