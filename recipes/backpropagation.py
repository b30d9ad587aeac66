"""Backpropagation: the delta rule by hand, automatic differentiation and finite differences give one gradient.

Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323, 1986, equations 3 to 7;
Baydin, Pearlmutter, Radul & Siskind, "Automatic Differentiation in Machine Learning: a Survey", JMLR 18, 2018, section
2.2, for the errors of finite differences.

A unit's delta is the derivative of the loss with respect to the sum z that enters the unit. That of the output is what
the lecture writes, softmax minus target for cross-entropy; a hidden unit's is delta_j = g'(z_j) sum_k w_kj delta_k, and
the derivative of a weight is the delta above it times the output below. Everything runs in float64. Finite
differences need a step: large ones see the curvature, tiny ones drown in rounding, so that their error is a V whose
bottom lies near 1e-8 for forward and 1e-5 for central differences, and never at the smallest step. They cost one or two
passes for each weight, the delta rule one pass for all.

Run it by `keras-dl run backpropagation`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.architectures.feedforward import mlp
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import Count, Counts, at_least
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf

STEPS = np.logspace(-13, -1, 25)
FORMULAS = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y**2),
}
"""activation of the sum z, and its derivative as a function of the output y"""
Weights = list[tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Backpropagation(Experiment):
    """Check the delta rule against automatic differentiation and finite differences, on random data."""

    inputs: Count = 6
    """inputs of the network"""
    hidden: Counts = (5, 4)
    """units of the hidden layers"""
    classes: Annotated[int, at_least(2)] = 3
    """outputs"""
    examples: Count = 8
    """random examples in the batch"""
    activation: Literal["sigmoid", "tanh"] = "tanh"
    """activation of the hidden layers"""

    def _config(self):
        return get_config(
            "mlp",
            input_shape=(self.inputs,),
            classes=self.classes,
            hidden=self.hidden,
            activation=self.activation,
        )

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        """Relative errors against the delta rule of "tape", "mean" (of single examples) and, for each of `STEPS`, of
        "forward" and "central" differences; the two gradients, "ours" and "theirs", weight by weight."""
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(self.examples, self.inputs))
        target = np.eye(self.classes)[generator.integers(0, self.classes, self.examples)]
        theirs, weights = self._by_tape(generator, seed, x, target)
        ours = delta_rule(weights, x, target, self.activation)
        single = [delta_rule(weights, x[i : i + 1], target[i : i + 1], self.activation) for i in range(len(x))]
        forward, central = [], []
        for step in STEPS:
            losses = [
                [loss(moved(weights, number, change), x, target, self.activation) for change in (step, 0.0, -step)]
                for number in range(len(ours))
            ]
            above, here, below = np.transpose(losses)
            forward.append(error((above - here) / step, ours))
            central.append(error((above - below) / (2 * step), ours))
        return {
            "tape": error(theirs, ours),
            "mean": error(np.mean(single, axis=0), ours),
            "forward": forward,
            "central": central,
            "ours": ours.tolist(),
            "theirs": theirs.tolist(),
        }

    def _by_tape(self, generator, seed: int, x: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, Weights]:
        """The gradient by GradientTape in the network, and the network's weights, both in float64."""
        policy, kind = keras.config.dtype_policy(), keras.config.floatx()
        keras.utils.set_random_seed(seed)
        try:
            keras.config.set_dtype_policy("float64")
            keras.config.set_floatx("float64")  # of the network's input
            model = mlp.build(self._config())  # Config.build would go back to float32
        finally:
            keras.config.set_dtype_policy(policy)
            keras.config.set_floatx(kind)
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        for layer in dense:
            layer.bias.assign(generator.normal(0, 0.5, layer.bias.shape))
        with tf.GradientTape() as tape:
            losses = keras.ops.categorical_crossentropy(target, model(tf.constant(x)), from_logits=True)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        weights = [(layer.kernel.numpy(), layer.bias.numpy()) for layer in dense]
        return np.concatenate([gradient.numpy().ravel() for gradient in gradients]), weights

    def claims(self, results: Results) -> list[Claim]:
        forward, central = results.values("forward"), results.values("central")
        return [
            Claim(
                text="delta_j = g'(z_j) sum_k w_kj delta_k gives the gradient (Rumelhart et al. 1986)",
                quantity="relative distance of automatic differentiation from it, float64",
                measured=results.values("tape"),
                at_most=1e-12,
                exact=True,
            ),
            Claim(
                text="The gradient is the limit of difference quotients",
                quantity="relative distance of central differences from it, at their best step",
                measured=central.min(axis=1),
                at_most=1e-5,
                exact=True,
            ),
            Claim(
                text="The gradient of a batch is the mean of its examples' gradients",
                quantity="relative distance of both",
                measured=results.values("mean"),
                at_most=1e-12,
                exact=True,
            ),
            Claim(
                text="Smaller steps are not better: below the best one rounding wins (Baydin et al. 2018, fig. 3)",
                quantity="error of central differences at the smallest step over that at the best",
                measured=central[:, 0] / central.min(axis=1),
                at_least=1000,
                exact=True,
            ),
            Claim(
                text="Truncation falls like h for forward and h^2 for central differences (the same)",
                quantity="power of h in the error of central over that of forward differences, h from 0.001 to 0.1",
                measured=np.array([power(row) for row in central]) / np.array([power(row) for row in forward]),
                published="2",
                at_least=1.8,
                at_most=2.2,
                exact=True,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(10, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for kind, power_of in (("forward", "h"), ("central", "h^2")):
            left.plot(STEPS, results.mean(kind), marker=".", label=f"{kind} differences, truncation ~ ${power_of}$")
        left.axhline(results.mean("tape"), color="black", ls=":", label="automatic differentiation")
        left.set(
            xscale="log",
            yscale="log",
            xlabel="step h",
            ylabel="relative error of the gradient",
            title="Finite differences: rounding left, truncation right",
        )
        left.legend(fontsize=8, loc="upper center")
        ours, theirs = (results.rows[0][key] for key in ("ours", "theirs"))
        right.scatter(ours, theirs, s=14)
        ends = [min(ours), max(ours)]
        right.plot(ends, ends, color="gray", lw=0.8)
        right.set(
            xlabel="derivative by the delta rule",
            ylabel="derivative by GradientTape",
            title=f"The {len(ours)} weights and biases, seed 0",
        )
        for panel in (left, right):
            panel.grid(alpha=0.3)
        save_figure(figure, folder / "backpropagation.png")


def outputs_of_layers(weights: Weights, x: np.ndarray, activation: str) -> list[np.ndarray]:
    """The input `x` (n, inputs) and the output (n, units) of each layer of `weights`; the last are softmax."""
    outputs = [x]
    for index, (kernel, bias) in enumerate(weights, start=1):
        z = outputs[-1] @ kernel + bias
        if index == len(weights):
            powers = np.exp(z - z.max(axis=1, keepdims=True))
            outputs.append(powers / powers.sum(axis=1, keepdims=True))
        else:
            outputs.append(FORMULAS[activation][0](z))
    return outputs


def loss(weights: Weights, x: np.ndarray, target: np.ndarray, activation: str) -> float:
    """The mean cross-entropy to `target` (n, classes), of rows of 0 and a single 1."""
    return -np.log((outputs_of_layers(weights, x, activation)[-1] * target).sum(axis=1)).mean()


def delta_rule(weights: Weights, x: np.ndarray, target: np.ndarray, activation: str) -> np.ndarray:
    """The gradient of `loss`, flat: kernel and bias, layer by layer."""
    outputs = outputs_of_layers(weights, x, activation)
    delta, gradients = outputs.pop() - target, []
    for kernel, _ in reversed(weights):
        below = outputs.pop()
        gradients = [(below.T @ delta / len(x)).ravel(), delta.mean(axis=0), *gradients]
        delta = FORMULAS[activation][1](below) * (delta @ kernel.T)
    return np.concatenate(gradients)


def moved(weights: Weights, number: int, change: float) -> Weights:
    """`weights` with `change` added to one of them, by its place in the flat gradient."""
    copies = [(kernel.copy(), bias.copy()) for kernel, bias in weights]
    for part in (part for layer in copies for part in layer):
        if number < part.size:
            part.flat[number] += change
            return copies
        number -= part.size
    raise IndexError(number)


def error(found: np.ndarray, right: np.ndarray) -> float:
    """The distance of `found` from `right`, relative to the length of `right`."""
    return float(np.linalg.norm(found - right) / np.linalg.norm(right))


def power(errors: np.ndarray) -> float:
    """The slope of log(error) against log(step), for steps from 0.001 to 0.1."""
    large = STEPS > 0.0009
    return np.polyfit(np.log(STEPS[large]), np.log(errors[large]), 1)[0]
