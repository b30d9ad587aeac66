"""What an activation function does to the gradient: it fades in sigmoids, and a ReLU that never fires gets none.

Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen", 1991; Glorot & Bengio, "Understanding the difficulty of
training deep feedforward neural networks", AISTATS 2010; Maas, Hannun & Ng, "Rectifier nonlinearities improve neural
network acoustic models", ICML workshop 2013; Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016. Two parts:

- Ten hidden layers of 100 units, not yet trained: the length of the gradient of each layer's weights. Xavier's weights
for sigmoid and tanh, He's for the others.
- Dead units: every hidden unit gets a bias of -10, so that it fires for no training example, and plain SGD trains the
network. A ReLU without gradient stays as it is to the bit. A leaky one, max(a x, x), can come back, but how soon is a
matter of a and of the learning rate: Keras's activation has a = 0.2 (its layer 0.3), Maas 0.01, and the gradient of
the bias goes with it. At 0.2 and a rate of 1 nearly all come back in 200 steps, at a rate of 0.3 few.
Lectures say that GELU mends dead units too. Near 0 it does; at -10 its slope is 1e-21. Adam or weight decay would
move even dead units.

Run it by `keras-dl run activations`.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis.signals import weight_gradients
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.training import Options
from keras_dl.training.quiet import Quiet

INITIALIZERS = {
    "sigmoid": "glorot_normal",
    "tanh": "glorot_normal",
    "relu": "he_normal",
    "leaky_relu": "he_normal",
    "gelu": "he_normal",
}
DEAD = (
    {"activation": "relu"},
    {"activation": "leaky_relu", "slope": 0.2},
    {"activation": "leaky_relu", "slope": 0.01},
    {"activation": "gelu"},
)
NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "leaky_relu": "leaky ReLU", "gelu": "GELU"}
LAYERS, UNITS = 10, 100
GRID = np.linspace(-6, 6, 241, dtype="float32")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Activations(DataExperiment):
    """Compare sigmoid, tanh, ReLU, leaky ReLU and GELU: gradients over ten layers, and units that never fire."""

    bias: float = -10.0
    """of every hidden unit at the start, where units are to be dead"""
    steps: Count = 200
    """training steps in which dead units may recover"""
    learning_rate: Positive = 1.0
    """of plain SGD in these steps"""
    batch_size: Count = 32
    """examples per training step"""

    def cells(self) -> list[dict]:
        gradients = [{"part": "gradients", "activation": activation} for activation in INITIALIZERS]
        return [*gradients, *({"part": "dead", **unit} for unit in DEAD)]

    def measure(self, *, seed: int, part: str, activation: str, slope: float | None = None) -> dict:
        keras.utils.set_random_seed(seed)
        return self._gradients(activation) if part == "gradients" else self._revive(seed, activation, slope)

    def _gradients(self, activation: str) -> dict:
        model = self._training(activation, LAYERS).network
        gradients = weight_gradients(
            model, *next(self.dataset.train.batches(128).as_numpy_iterator()), "*_dense/kernel"
        )
        x = tf.constant(GRID)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras.activations.get(activation)(x)
        return {
            "norms": [float(np.linalg.norm(gradient)) for gradient in gradients.values()],
            "derivative": tape.gradient(y, x).numpy().tolist(),
        }

    def _revive(self, seed: int, activation: str, slope: float | None) -> dict:
        training = self._training(activation, 1)
        model, dense = training.network, training.network.get_layer("stage1_dense")
        if slope is not None:
            leaky = functools.partial(keras.activations.leaky_relu, negative_slope=slope)
            model.get_layer("stage1_activation").activation = leaky
        dense.bias.assign(keras.ops.full((UNITS,), self.bias))
        kernel, bias = dense.get_weights()
        inputs = self.dataset.train.inputs()
        fires = keras.Model(model.input, dense.output)
        dead = ~(fires(inputs).numpy() > 0).any(axis=0)
        training.fit(self.dataset.train.stream(self.batch_size, steps=self.steps, seed=seed))
        alive = (fires(inputs).numpy() > 0).any(axis=0)
        changes = np.abs(dense.kernel.numpy() - kernel).max(axis=0) + np.abs(dense.bias.numpy() - bias)
        return {
            "dead": float(dead.mean()),
            "revived": float(100 * alive[dead].mean()) if dead.any() else 0.0,
            "change": float(changes[dead].max(initial=0)),
        }

    def _training(self, activation: str, depth: int) -> Quiet:
        settings = {"activation": activation, "kernel_initializer": INITIALIZERS[activation]}
        config = get_config("mlp", hidden=(UNITS,), depth=depth, **settings).for_data(self.dataset.spec)
        return Quiet.of(config, Options(optimizer="sgd", learning_rate=self.learning_rate), self.steps)

    def claims(self, results: Results) -> list[Claim]:
        def gradient(text: str, activation: str, **bounds) -> Claim:
            norms = results.values("norms", part="gradients", activation=activation)
            quantity = f"gradient of layer 1 over that of layer {LAYERS}"
            return Claim(text=text, quantity=quantity, measured=norms[:, 0] / norms[:, -1], **bounds)

        def revived(text: str, reason: str = "", **unit) -> Claim:
            values = results.values("revived", part="dead", **unit)
            quantity = f"dead units that fire after {self.steps} steps"
            return Claim(text=text, quantity=quantity, measured=values, at_least=50.0, unit="%", reason=reason)

        kept = {"at_least": 0.1, "at_most": 10.0}
        return [
            Claim(
                text="The derivative of the sigmoid is at most 0.25",
                quantity="its largest value",
                measured=results.values("derivative", part="gradients", activation="sigmoid").max(axis=1),
                at_least=0.25 - 1e-6,
                at_most=0.25 + 1e-6,
                exact=True,
            ),
            gradient("So it vanishes over the layers of a sigmoid network (Hochreiter 1991)", "sigmoid", at_most=1e-3),
            gradient("Tanh, with Xavier's weights, keeps it (Glorot & Bengio 2010)", "tanh", **kept),
            gradient("ReLU, with He's weights, keeps it", "relu", **kept),
            gradient("Leaky ReLU keeps it", "leaky_relu", **kept),
            gradient("GELU keeps it", "gelu", **kept),
            Claim(
                text="A ReLU unit that fires for no example cannot recover",
                quantity="largest change of its weights",
                measured=results.values("change", part="dead", activation="relu"),
                at_most=0.0,
                exact=True,
            ),
            revived("Leaky units of slope 0.2 recover", activation="leaky_relu", slope=0.2),
            revived(
                "Leaky units of slope 0.01 recover (Maas et al. 2013)",
                "they move, but their gradient is less than a twentieth of that at slope 0.2",
                activation="leaky_relu",
                slope=0.01,
            ),
            revived(
                "GELU mends dead units",
                "so far below 0 its slope is too small to change a float32 weight",
                activation="gelu",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(13, 4), layout="constrained")
        slopes, norms, bars = figure.subplots(1, 3)
        for activation in INITIALIZERS:
            slopes.plot(
                GRID, results.mean("derivative", part="gradients", activation=activation), label=NAMES[activation]
            )
            norms.plot(
                range(1, LAYERS + 1),
                results.mean("norms", part="gradients", activation=activation),
                marker="o",
                markersize=4,
            )
        slopes.axhline(0.25, color="gray", linewidth=0.8, linestyle="--")
        slopes.set(xlabel="input of the unit", ylabel="derivative", title="slope of the activation (dashed: 0.25)")
        slopes.legend()
        norms.set(
            yscale="log",
            xticks=range(1, LAYERS + 1),
            xlabel="hidden layer",
            ylabel="length of the gradient of its weights",
            title=f"gradient before training, on {self.subject}",
        )
        for unit in DEAD:
            values = results.values("revived", part="dead", **unit)
            name = NAMES[unit["activation"]] + (f"\n{unit['slope']}" if "slope" in unit else "")
            bars.bar(name, values.mean(), yerr=values.std(), capsize=4, color="tab:green")
            bars.text(name, 2, f"{values.mean():.0f} %", ha="center")
        bars.set(
            ylim=(0, 105),
            ylabel="dead units that fire again, %",
            title=f"bias {self.bias:g}, {self.steps} steps of SGD",
        )
        bars.tick_params(axis="x", labelsize=9)
        slopes.grid(alpha=0.3)
        norms.grid(alpha=0.3)
        save_figure(figure, folder / "activations.png")
