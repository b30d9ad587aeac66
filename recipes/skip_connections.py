"""Plain against residual networks of 20, 56 and 110 layers: the gradient on its way back, and the training error.

He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2 and figure 6; Veit, Wilber
& Belongie, "Residual Networks Behave Like Ensembles of Relatively Shallow Networks", NIPS 2016. A block gives
z = x + F(x), so that dL/dx = dL/dz (dF/dx + I): the identity carries the gradient past F, however small dF/dx is. This
is compared with finite differences.

The networks are the paper's on small pictures, narrow, and the same without shortcuts: as many weights, another graph.
Batch normalisation keeps the gradient of a plain network from vanishing, as the paper says, but not from exploding: it
grows from layer to layer towards the input (Yang et al., "A mean field theory of batch normalization", ICLR 2019).
Where nothing normalises and sigmoids fade the gradient, it vanishes: that is the multilayer perceptron of 50 layers.
Training is short: the deep residual networks have only begun to learn where the plain ones have not begun.

Run it by `keras-dl run skip-connections`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.analysis.signals import weight_gradients
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Bounds, Count, Growing, Positive, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.training import Options

FORMS = {"plain": "none", "residual": "pad"}
LAYERS, UNITS, POINT, STEP = 50, 50, 10, 1e-2


@dataclasses.dataclass(frozen=True, kw_only=True)
class SkipConnections(DataExperiment):
    """Compare networks with and without skip connections, at three depths."""

    seeds: Count = 2
    """how often each measurement is repeated, with other random numbers"""
    depths: Annotated[
        Growing,
        Bounds("6n + 2, such as 20, 56 or 110", lambda depths: all(depth >= 8 and depth % 6 == 2 for depth in depths)),
    ] = (20, 56, 110)
    """layers of the convolutional networks, each 6n + 2"""
    filters: Count = 4
    """filters of their first stage"""
    steps: Annotated[int, multiple_of(POINT)] = 100
    """training steps, a multiple of 10: the points of the learning curve"""
    batch_size: Count = 32
    """pictures per training step"""
    learning_rate: Positive = 0.05
    """of SGD with momentum, at its highest; it warms up for 5 % of the steps, then falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        mlps = [{"network": "mlp", "form": form} for form in FORMS]
        return [*mlps, *({"network": f"{depth} layers", "form": form} for depth in self.depths for form in FORMS)]

    def measure(self, *, seed: int, network: str, form: str) -> dict:
        return self._sigmoids(form, seed) if network == "mlp" else self._learn(int(network.split()[0]), form, seed)

    def _sigmoids(self, form: str, seed: int) -> dict:
        settings = {"activation": "sigmoid", "residual": int(form == "residual")}
        config = get_config("mlp", hidden=(UNITS,), depth=LAYERS, **settings).for_data(self.dataset.spec)
        model = self.quiet(config, self._options(), self.steps).begin(seed)
        batch = next(self.dataset.train.batches(128).as_numpy_iterator())
        gradients = weight_gradients(model, *batch, "*_dense/kernel")
        found = {"gradients": [float(np.linalg.norm(gradient)) for gradient in gradients.values()]}
        return found | ({"identity_error": identity_error(model)} if form == "residual" else {})

    def _learn(self, depth: int, form: str, seed: int) -> dict:
        size = {"blocks": (depth - 2) // 6, "filters": self.filters}
        config = get_config("resnet20", **size, shortcut=FORMS[form]).for_data(self.dataset.spec)
        loop = self.quiet(config, self._options("he"), self.steps)
        model = loop.begin(seed)
        train = self.dataset.train
        gradients = weight_gradients(model, *next(train.batches(32).as_numpy_iterator()), "*_conv?/kernel")
        batches = train.stream(self.batch_size, steps=self.steps, seed=seed)
        history = loop.fit(batches, epochs=self.steps // POINT, steps_per_epoch=POINT)
        return {
            "gradients": [float(np.linalg.norm(gradient)) for gradient in gradients.values()],
            "errors": [100 * (1 - accuracy) for accuracy in history["accuracy"]],
        }

    def _options(self, initialization: str | None = None) -> Options:
        rate = {"learning_rate": self.learning_rate, "schedule": "cosine"}
        return Options(optimizer="momentum", initialization=initialization, **rate)

    def claims(self, results: Results) -> list[Claim]:
        shallow, deep = self.depths[0], self.depths[-1]
        first = {form: results.values("gradients", network="mlp", form=form)[:, 0] for form in FORMS}

        def growth(text: str, form: str, **bounds) -> Claim:
            gradients = results.values("gradients", network=f"{deep} layers", form=form)
            quantity = f"gradient of the first convolution over that of the last, {deep} layers"
            return Claim(text=text, quantity=quantity, measured=gradients[:, 0] / gradients[:, -1], **bounds)

        def errors(text: str, more: tuple[int, str], less: tuple[int, str], **settings) -> Claim:
            (a, b), (c, d) = more, less
            final = [results.values("errors", network=f"{n} layers", form=form)[:, -1] for n, form in (more, less)]
            quantity = f"training error, {a} {b} layers minus {c} {d} ones"
            return Claim(text=text, quantity=quantity, measured=final[0] - final[1], unit="points", **settings)

        return [
            Claim(
                text="The gradient of x + F(x) is that of F plus the identity (He et al. 2016)",
                quantity="largest difference from finite differences",
                measured=results.values("identity_error", network="mlp", form="residual"),
                at_most=1e-3,
                exact=True,
            ),
            Claim(
                text=f"Skip connections bring the gradient to the first of {LAYERS} sigmoid layers",
                quantity="its length, residual over plain",
                measured=first["residual"] / np.maximum(first["plain"], np.finfo("float32").tiny),
                at_least=100.0,
            ),
            growth(
                "With batch normalisation and no shortcuts the gradient explodes (Yang et al. 2019)",
                "plain",
                at_least=1e3,
            ),
            growth("With shortcuts it keeps its size", "residual", at_least=0.1, at_most=100.0),
            errors(
                "Plain networks learn the worse the deeper they are (He et al. 2016, figure 6)",
                (deep, "plain"),
                (shallow, "plain"),
                at_least=10.0,
            ),
            *(
                errors(
                    f"At {depth} layers the residual network errs less",
                    (depth, "plain"),
                    (depth, "residual"),
                    at_least=10.0,
                )
                for depth in self.depths[1:]
            ),
            errors(
                "Residual networks gain from depth (He et al. 2016, table 6)",
                (deep, "residual"),
                (shallow, "residual"),
                at_most=0.0,
                published="6.43 - 8.75 = -2.3 points of test error, after 64,000 steps",
                reason=f"after {self.steps} steps the deep network has only begun to learn",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(13, 4.2), layout="constrained")
        sigmoids, gradients, errors = figure.subplots(1, 3)
        for form, style in (("plain", "--"), ("residual", "-")):
            values = results.mean("gradients", network="mlp", form=form)
            sigmoids.plot(range(1, LAYERS + 1), np.where(values > 0, values, np.nan), style, color="black", label=form)
            for depth, color in zip(
                self.depths, ("tab:green", "tab:orange", "tab:red", *["tab:blue"] * 9), strict=False
            ):
                cell = {"network": f"{depth} layers", "form": form}
                values = results.mean("gradients", **cell)
                gradients.plot(np.linspace(0, 1, len(values)), values, style, color=color)
                values = results.mean("errors", **cell)
                steps = np.arange(1, len(values) + 1) * POINT
                errors.plot(steps, values, style, color=color, label=f"{form}, {depth} layers")
        sigmoids.set(
            yscale="log",
            xlabel="hidden layer",
            ylabel="length of the gradient",
            title=f"{LAYERS} sigmoid layers, untrained",
        )
        gradients.set(
            yscale="log",
            xlabel="depth, from input (0) to output (1)",
            ylabel="length of the gradient",
            title="convolutional networks, untrained",
        )
        errors.set(
            xlabel="training step", ylabel="training error, %", ylim=(0, 100), title=f"the same on {self.subject}"
        )
        sigmoids.legend()
        figure.legend(*errors.get_legend_handles_labels(), loc="outside right center")
        for axes in (sigmoids, gradients, errors):
            axes.grid(alpha=0.3)
        save_figure(figure, folder / "skip_connections.png")


def identity_error(model: keras.Model) -> float:
    """How far the second layer's dF/dx + I is from finite differences of x + F(x), at most, at a random x."""
    x = model.get_layer("stage1_activation").output
    branch, block = (keras.Model(x, model.get_layer(f"stage2_{part}").output) for part in ("activation", "add"))
    point = keras.random.uniform((1, UNITS))
    with tf.GradientTape() as tape:
        tape.watch(point)
        inner = branch(point)
    expected = tape.jacobian(inner, point).numpy()[0, :, 0] + np.eye(UNITS)
    shifts = STEP * np.eye(UNITS, dtype="float32")
    differences = (block(point + shifts) - block(point - shifts)).numpy() / (2 * STEP)
    return float(np.abs(differences.T - expected).max())
