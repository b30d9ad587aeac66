"""What the last layer may give: logits or probabilities, their temperature, and the loss that goes with them.

Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990; Goodfellow, Bengio &
Courville, "Deep Learning", 2016, section 6.2.2. Nothing is trained here.

A lecture writes softmax as exp(-tau z) / sum. With the minus the smallest z gets the largest probability, as energies
in physics do; for the outputs of a classifier it is exp(tau z), with the inverse temperature tau. Both are computed.

Networks of the catalogue give logits: where a probability rounds to 0, its logarithm is lost. (Keras remembers the
logits of a softmax that it computed itself; a probability that comes from elsewhere has none.) And a sigmoid output
goes with the cross-entropy: with the squared error, an output that is surely wrong has hardly a gradient.

Run it by `keras-dl run output-layers`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import Experiment, Results
from keras_dl.fields import at_least
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf

TAUS = (1e-6, 0.5, 1.0, 5.0, 1e6)
GAPS = (1.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OutputLayers(Experiment):
    """Compute softmax at several temperatures, and the losses and gradients of outputs that are surely wrong."""

    classes: Annotated[int, at_least(2)] = 10
    """how many logits there are, drawn from a Gaussian of deviation 1"""

    def cells(self) -> list[dict]:
        return [{}]

    def measure(self, *, seed: int) -> dict:
        logits = np.sort(np.random.default_rng(seed).normal(size=self.classes)).astype("float32")
        wrong = tf.constant([[gap, 0.0] for gap in GAPS])
        labels = np.ones(len(GAPS), "int32")
        loss = keras.losses.SparseCategoricalCrossentropy
        score = -tf.constant(GAPS)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(score)
            entropy = keras.ops.sum(keras.ops.binary_crossentropy(tf.ones_like(score), score, from_logits=True))
            squares = keras.ops.sum((1 - keras.ops.sigmoid(score)) ** 2)
        return {
            "logits": logits.tolist(),
            "softmax": [keras.ops.softmax(tau * logits).numpy().tolist() for tau in TAUS],
            "softmax_of_the_lecture": [keras.ops.softmax(-tau * logits).numpy().tolist() for tau in TAUS],
            "loss_of_logits": loss(from_logits=True, reduction=None)(labels, wrong).numpy().tolist(),
            "loss_of_probabilities": loss(reduction=None)(labels, keras.ops.softmax(wrong).numpy()).numpy().tolist(),
            "gradient_of_cross_entropy": (-tape.gradient(entropy, score)).numpy().tolist(),
            "gradient_of_squared_error": (-tape.gradient(squares, score)).numpy().tolist(),
        }

    def claims(self, results: Results) -> list[Claim]:
        def exact(text: str, quantity: str, measured: np.ndarray, **bounds) -> Claim:
            return Claim(text=text, quantity=quantity, measured=measured, exact=True, **bounds)

        cold, lecture = results.values("softmax"), results.values("softmax_of_the_lecture")
        entropy, squares = (results.values(f"gradient_of_{loss}")[:, 2] for loss in ("cross_entropy", "squared_error"))
        return [
            exact(
                "For tau towards 0 softmax gives every class the same",
                "largest difference from 1 / classes",
                np.abs(cold[:, 0] - 1 / self.classes).max(axis=1),
                at_most=1e-5,
            ),
            exact(
                "For tau towards infinity exp(tau z) / sum is 1 for the largest z",
                "its probability",
                cold[:, -1, -1],
                at_least=0.999,
            ),
            exact(
                "Written with exp(-tau z), as a lecture does, it is 1 for the smallest z",
                "its probability",
                lecture[:, -1, 0],
                at_least=0.999,
            ),
            exact(
                "Cross-entropy from logits is right however wrong the network is",
                f"loss where the wrong logit leads by {GAPS[-1]:g}",
                results.values("loss_of_logits")[:, -1],
                at_least=GAPS[-1] - 1e-3,
                at_most=GAPS[-1] + 1e-3,
            ),
            exact(
                "From probabilities in float32 it is cut off: Keras takes none below 1e-7",
                f"loss where the wrong logit leads by {GAPS[-1]:g}",
                results.values("loss_of_probabilities")[:, -1],
                at_most=-np.log(1e-7) + 1e-3,
            ),
            exact(
                "A sigmoid output goes with the cross-entropy, whose gradient is output minus target, however far off",
                f"its gradient at a logit of {-GAPS[2]:g} for target 1, over that of the squared error",
                entropy / squares,
                at_least=1e3,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(13, 4), layout="constrained")
        temperature, losses, gradients = figure.subplots(1, 3)
        logits = np.array(results.rows[0]["logits"])
        for tau, values in list(zip(TAUS, results.rows[0]["softmax"], strict=True))[:4]:
            temperature.plot(logits, values, marker="o", markersize=4, label=f"exp(tau z), tau = {tau:g}")
        lecture = results.rows[0]["softmax_of_the_lecture"][TAUS.index(1.0)]
        temperature.plot(logits, lecture, marker="x", linestyle="--", color="gray", label="exp(-tau z), tau = 1")
        temperature.set(xlabel="logit z", ylabel="probability", title="softmax at four inverse temperatures")
        losses.plot(GAPS, results.mean("loss_of_logits"), marker="o", label="from logits")
        losses.plot(GAPS, results.mean("loss_of_probabilities"), marker="o", label="from probabilities")
        losses.set(xlabel="lead of the wrong logit", ylabel="cross-entropy, nats", title="loss in float32")
        shown = slice(0, 4)
        gradients.plot(
            -np.array(GAPS[shown]), results.mean("gradient_of_cross_entropy")[shown], marker="o", label="cross-entropy"
        )
        gradients.plot(
            -np.array(GAPS[shown]), results.mean("gradient_of_squared_error")[shown], marker="o", label="squared error"
        )
        gradients.set(
            yscale="log",
            xlabel="logit, where the target is 1",
            ylabel="gradient towards the target",
            title="correction of a wrong sigmoid output",
        )
        for axes in (temperature, losses, gradients):
            axes.grid(alpha=0.3)
            axes.legend()
        save_figure(figure, folder / "output_layers.png")
