"""Batch normalisation: what it computes in training and afterwards, and before or after the activation.

Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML
2015. Two parts:

- A layer of batch normalisation alone. In training it uses the mean and variance of the batch, and the gradient goes
through both; at test time it uses moving averages, in Keras m <- 0.99 m + 0.01 mean, with the biased variance, and adds
0.001 to it (in PyTorch the unbiased variance, and 1e-5).
- A network of ReLU layers, plain and normalised before the activation, as the paper has it, or after it, as a lecture
discusses it: then the next layer sees inputs of mean 0, but no longer only positive ones. Each is trained by plain SGD
at a moderate and at a high learning rate.

How inputs are normalised and whitened is the subject of the recipe `input_preparation`.

Run it by `keras-dl run normalization`; `--data usps_zip` takes the digits of the criterion, 93 % after 5 epochs.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis.signals import layer_outputs
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.training import Options

POSITIONS = ("none", "before", "after")
COLORS = ("tab:gray", "tab:blue", "tab:orange")
SHIFT = 1e-5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Normalization(DataExperiment):
    """Compare networks without batch normalisation, and with it before and after the activation."""

    epochs: Count = 5
    """passes over the training examples"""
    batch_size: Count = 32
    """examples per training step"""
    rates: tuple[Positive, Positive] = (0.1, 1.0)
    """a moderate and a high learning rate of plain SGD"""

    def cells(self) -> list[dict]:
        networks = [{"position": position, "rate": rate} for rate in self.rates for position in POSITIONS]
        return [{"part": "layer"}, *networks]

    def measure(self, *, seed: int, part: str = "network", position: str = "", rate: float = 0.0) -> dict:
        keras.utils.set_random_seed(seed)
        return normalized_batch(seed) if part == "layer" else self._train(position, rate, seed)

    def _train(self, position: str, rate: float, seed: int) -> dict:
        norm = {} if position == "none" else {"normalization": "batch", "normalization_position": position}
        config = get_config("mlp", hidden=(100,), depth=4, kernel_initializer="he_normal", **norm)
        config, data = config.for_data(self.dataset.spec), self.dataset
        loop = self.quiet(config, Options(optimizer="sgd", learning_rate=rate))
        model = loop.begin(seed)
        last = "stage1_norm" if position == "after" else "stage1_activation"
        batch, _ = next(data.train.batches(128).as_numpy_iterator())
        seen = layer_outputs(model, batch, last, training=True)[last]
        steps = math.ceil(len(data.train) / self.batch_size)
        history = loop.fit(
            data.train.stream(self.batch_size, steps=self.epochs * steps, seed=seed),
            epochs=self.epochs,
            steps_per_epoch=steps,
            validation_data=data.validation.batches(len(data.validation)),
        )
        return {
            "smallest_seen": float(seen.min()),
            "mean_seen": float(np.abs(seen.mean(axis=0)).max()),
            "accuracies": [100 * accuracy for accuracy in history["val_accuracy"]],
            "accuracy": 100 * model.evaluate(data.test.batches(256), verbose=0, return_dict=True)["accuracy"],
        }

    def claims(self, results: Results) -> list[Claim]:
        def layer(text: str, key: str, at_most: float) -> Claim:
            values = results.values(key, part="layer")
            return Claim(text=text, quantity="largest difference", measured=values, at_most=at_most, exact=True)

        def accuracy(position: str, rate: float) -> np.ndarray:
            return results.values("accuracy", position=position, rate=rate)

        moderate, high = self.rates
        return [
            layer("In training a normalised unit has the mean 0", "mean", 1e-5),
            layer("and the variance v / (v + 0.001), where v is that of the batch", "variance", 1e-5),
            layer("Afterwards it uses moving averages, which take 1 % of each batch", "inference", 1e-5),
            layer("The gradient goes through mean and variance: it is that of finite differences", "gradient", 1e-3),
            Claim(
                text="Normalised after the ReLU, the next layer sees mean 0, and negative values",
                quantity="smallest value it sees",
                measured=results.values("smallest_seen", position="after", rate=moderate),
                at_most=-1e-3,
                exact=True,
            ),
            Claim(
                text="Normalised before the ReLU, it sees none below 0",
                quantity="smallest value it sees",
                measured=results.values("smallest_seen", position="before", rate=moderate),
                at_least=0.0,
                exact=True,
            ),
            *(
                Claim(
                    text=f"Normalised {position} the activation, a network learns in few passes",
                    quantity=f"test accuracy after {self.epochs} epochs at rate {moderate:g}",
                    measured=accuracy(position, moderate),
                    at_least=93.0,
                    unit="%",
                )
                for position in ("before", "after")
            ),
            Claim(
                text="Batch normalisation bears higher learning rates (Ioffe & Szegedy 2015, section 3.3)",
                quantity=f"test accuracy at rate {high:g}, normalised before the activation minus none",
                measured=accuracy("before", high) - accuracy("none", high),
                at_least=10.0,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        figure.suptitle(f"a network of ReLU layers on {self.subject}, mean over {self.seeds} seeds")
        for axes, rate in zip(figure.subplots(1, 2, sharey=True), self.rates, strict=True):
            for position, color in zip(POSITIONS, COLORS, strict=True):
                values = results.mean("accuracies", position=position, rate=rate)
                label = position if position == "none" else f"{position} the activation"
                axes.plot(range(1, self.epochs + 1), values, color=color, marker="o", label=label)
            axes.set(xlabel="epoch", ylabel="validation accuracy, %", ylim=(0, 102), title=f"learning rate {rate:g}")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
        figure.axes[0].legend(loc="lower right", title="batch normalisation")
        save_figure(figure, folder / "normalization.png")


def normalized_batch(seed: int) -> dict:
    """How far a layer of batch normalisation is from its definition, on 64 examples of 20 units."""
    generator = np.random.default_rng(seed)
    x, weights, direction = (generator.normal(size=(64, 20)) for _ in range(3))
    x = 2 + 3 * x
    layer = keras.layers.BatchNormalization(dtype="float64")
    point = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(point)
        outputs = layer(point, training=True)
        loss = keras.ops.sum(weights * outputs)
    slope = np.sum(tape.gradient(loss, point).numpy() * direction)
    mean, variance = x.mean(axis=0), x.var(axis=0)
    fixed = (x - 0.01 * mean) / np.sqrt(0.99 + 0.01 * variance + 1e-3)
    afterwards = layer(x, training=False).numpy()
    above, below = (np.sum(weights * layer(x + sign * SHIFT * direction, training=True).numpy()) for sign in (1, -1))
    return {
        "mean": float(np.abs(outputs.numpy().mean(axis=0)).max()),
        "variance": float(np.abs(outputs.numpy().var(axis=0) - variance / (variance + 1e-3)).max()),
        "inference": float(np.abs(afterwards - fixed).max()),
        "gradient": float(abs((above - below) / (2 * SHIFT) - slope)),
    }
