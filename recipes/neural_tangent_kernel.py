"""Neural tangent kernel: a very wide network is a kernel method, and its kernel can be written down.

Jacot, Gabriel & Hongler, "Neural Tangent Kernel", NeurIPS 2018, theorems 1 and 2; Lee et al., "Wide Neural Networks of
Any Depth Evolve as Linear Models Under Gradient Descent", NeurIPS 2019, section 2 and figure 2; the arc-cosine kernels
of ReLU layers are Cho & Saul's, "Kernel Methods for Deep Learning", NIPS 2009.

The kernel of two examples is the product of their gradients with respect to all weights. At random weights it depends
on the draw, the less the wider the network: its distance from the limit falls like 1 / sqrt(width). Then a network
is trained by plain gradient descent on a few examples, with squared error, and what that adds to its outputs on
other examples is compared with what as many steps of gradient descent add in regression with the kernel of the limit.

The lecture's "infinite-width duality" needs the right learning rates: kernels are drawn from N(0, 2/n), n inputs of a
unit, and learn at a rate of 2/n times the common one. That is the parametrization of the paper, w = sqrt(2/n) v
with v from N(0, 1), in another form. Biases stay 0. With one rate for all layers the limit would be another one.

Run it by `keras-dl run neural-tangent-kernel`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from keras_dl import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Growing, at_least
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training.initialization import initialize
from keras_dl.training.quiet import Quiet
from keras_dl.training.updates import Updates, make_optimizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeuralTangentKernel(DataExperiment):
    """Compare networks of growing width with the kernel of infinite width, before and after training."""

    widths: Growing = (64, 256, 1024, 4096)
    """units of each hidden layer, at initialization"""
    trained: Growing = (64, 256, 1024)
    """units of each hidden layer of the networks that are trained"""
    depth: Count = 2
    """hidden layers"""
    examples: Annotated[int, at_least(2)] = 100
    """examples learned from, and as many of the test split to compare predictions on"""
    steps: Count = 200
    """steps of full-batch gradient descent"""

    def cells(self) -> list[dict]:
        initial = [{"part": "initial", "width": width} for width in self.widths]
        return initial + [{"part": "trained", "width": width} for width in self.trained]

    def measure(self, *, seed: int, part: str, width: int) -> dict:
        """ "error" of the kernel at random weights, relative to the limit's norm; for trained networks what training
        adds to the test outputs of the "network" and in "kernel" regression, and how far the weights "moved"."""
        data = self.dataset
        config = get_config("mlp", hidden=(width,), depth=self.depth).for_data(data.spec).replace(classes=1)
        generator = np.random.default_rng(seed)
        few = min(self.examples, len(data.train), len(data.test))
        train, test = (
            split.take(generator.choice(len(split), few, replace=False)) for split in (data.train, data.test)
        )
        model = config.build()
        initialize(model, "he", seed)
        x = np.concatenate([train.inputs(), test.inputs()])
        limit = limiting_kernel(x.reshape(len(x), -1).astype("float64") * config.input_scale, self.depth)
        if part == "initial":
            error = empirical_kernel(model, x) - limit
            return {"error": float(np.linalg.norm(error) / np.linalg.norm(limit))}
        target = np.where(train.labels < data.spec.classes / 2, -1.0, 1.0)
        spectrum, basis = np.linalg.eigh(limit[:few, :few])
        rate = 1 / spectrum[-1]
        learned = 1 - (1 - rate * np.maximum(spectrum, 0)) ** self.steps
        kernel = limit[few:, :few] @ (basis / np.maximum(spectrum, 1e-12) * learned) @ (basis.T @ target)
        network, moved = self._train(model, x, target, rate)
        return {"network": network.tolist(), "kernel": kernel.tolist(), "moved": moved}

    def _train(self, model: keras.Model, x: np.ndarray, target: np.ndarray, rate: float) -> tuple[np.ndarray, float]:
        """What `steps` of descent to `target` for the first rows of `x` add to the outputs of the others, and the
        distance that the kernels move relative to their length."""
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        for layer in dense:
            layer.bias.trainable = False
        kernels = [layer.kernel for layer in dense]
        start, before = [kernel.numpy() for kernel in kernels], model(x)[:, 0].numpy()
        rates = tuple(f"{layer.name}={2 / layer.kernel.shape[0]}" for layer in dense)
        descent = Updates(optimizer="sgd", learning_rate=rate, layer_rates=rates)
        squares = keras.losses.MeanSquaredError(reduction="sum")
        model.compile(make_optimizer(model, descent, self.steps), squares, loss_weights=[0.5])
        goal = (target + before[: len(target)])[:, None].astype("float32")
        Quiet(model).run(x[: len(target)], goal, np.tile(np.arange(len(target)), (self.steps, 1)))
        moves = sum(np.square(kernel.numpy() - old).sum() for kernel, old in zip(kernels, start, strict=True))
        moved = np.sqrt(moves / sum(np.square(old).sum() for old in start))
        return (model(x)[:, 0].numpy() - before)[len(target) :], float(moved)

    def claims(self, results: Results) -> list[Claim]:
        errors = np.array([results.values("error", width=width, part="initial") for width in self.widths])
        moves = np.array([results.values("moved", width=width, part="trained") for width in self.trained])
        widest = max(self.trained)
        pairs = [results.values(key, width=widest, part="trained") for key in ("network", "kernel")]
        return [
            Claim(
                text="The kernel at random weights converges like 1 / sqrt(width) (Jacot et al. 2018; Lee et al. 2019)",
                quantity="slope of its error against the width, both as logarithms",
                measured=np.polyfit(np.log(self.widths), np.log(errors), 1)[0],
                published="-0.5",
                at_least=-0.7,
                at_most=-0.3,
            ),
            Claim(
                text="A wide network has the kernel of infinite width (Jacot et al. 2018, theorem 1)",
                quantity=f"error of the kernel at width {max(self.widths)}",
                measured=100 * errors[int(np.argmax(self.widths))],
                unit="%",
                at_most=5,
            ),
            Claim(
                text="Trained by gradient descent it predicts what regression with that kernel does (theorem 2)",
                quantity=f"correlation of both on test examples, width {widest}",
                measured=np.array([np.corrcoef(*pair)[0, 1] for pair in zip(*pairs, strict=True)]),
                at_least=0.98,
            ),
            Claim(
                text="The wider the network, the less its weights move: lazy training (Lee et al. 2019, section 2.2)",
                quantity="slope of the relative movement of all weights against the width, both as logarithms",
                measured=np.polyfit(np.log(self.trained), np.log(moves), 1)[0],
                at_most=-0.3,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 3.9), layout="constrained")
        error, moved, predictions = figure.subplots(1, 3)
        for panel, widths, key, part, label in (
            (error, self.widths, "error", "initial", "error of the kernel"),
            (moved, self.trained, "moved", "trained", "relative movement of the weights"),
        ):
            values = np.array([results.values(key, width=width, part=part) for width in widths])
            mean = values.mean(axis=1)
            panel.errorbar(widths, 100 * mean, 100 * values.std(axis=1), marker="o", capsize=3, label="measured")
            line = mean[0] * np.sqrt(widths[0] / np.array(widths))
            panel.plot(widths, 100 * line, color="gray", ls="--", label="1 / sqrt(width)")
            panel.set(xscale="log", yscale="log", xlabel="units of each hidden layer", ylabel=f"{label}, %")
            panel.set_xticks(widths, labels=map(str, widths))
            panel.xaxis.set_minor_locator(NullLocator())
            for formatter in (panel.yaxis.set_major_formatter, panel.yaxis.set_minor_formatter):
                formatter(ScalarFormatter())
            panel.grid(alpha=0.3, which="both")
            panel.legend()
        error.set_title("At random weights")
        moved.set_title("After training")
        for width in (min(self.trained), max(self.trained)):
            row = next(row for row in results.rows if (row["part"], row["width"]) == ("trained", width))
            predictions.scatter(row["kernel"], row["network"], s=12, alpha=0.7, label=f"width {width}")
        ends = [min(row["kernel"]), max(row["kernel"])]
        predictions.plot(ends, ends, color="gray", ls="--")
        predictions.set(
            xlabel="regression with the kernel of infinite width",
            ylabel="trained network",
            title="Predictions for test examples",
        )
        predictions.grid(alpha=0.3)
        predictions.legend()
        figure.suptitle(f"{self.subject}: {self.depth} hidden ReLU layers")
        save_figure(figure, folder / "neural_tangent_kernel.png")


def limiting_kernel(x: np.ndarray, depth: int) -> np.ndarray:
    """The tangent kernel (n, n) of `depth` infinitely wide ReLU layers and a linear output, for `x` (n, inputs).

    Kernels are N(0, 2/n) and there are no biases. Lee et al. 2019, appendix E, with Cho & Saul's arc-cosine kernels.
    """
    covariance = 2 / x.shape[1] * x @ x.T
    tangent = covariance
    for _ in range(depth):
        length = np.sqrt(np.diag(covariance))
        lengths = np.maximum(np.outer(length, length), 1e-300)
        cosine = np.clip(covariance / lengths, -1, 1)
        angle = np.arccos(cosine)
        covariance = lengths / np.pi * (np.sin(angle) + (np.pi - angle) * cosine)
        tangent = covariance + tangent * (np.pi - angle) / np.pi
    return tangent


def empirical_kernel(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """The tangent kernel (n, n) of a ReLU `model` of dense layers with one output, at its weights, for `x` (n, ...).

    The gradient of a kernel is the outer product of a layer's inputs and deltas, so products of gradients are those of
    the inputs times those of the deltas. Each counts 2/n times, for n inputs of a unit.
    """
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    inputs = [tensor.numpy() for tensor in keras.Model(model.input, [layer.input for layer in dense])(x)]
    delta, products = np.ones((len(x), 1), "float32"), 0.0
    for layer, entering in zip(reversed(dense), reversed(inputs), strict=True):
        products = products + 2 / entering.shape[1] * (entering @ entering.T) * (delta @ delta.T)
        delta = (delta @ layer.kernel.numpy().T) * (entering > 0)
    return products
