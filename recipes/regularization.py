"""Regularization: what each technique does to a network that learns its training examples by heart.

A perceptron with two hidden layers learns 300 examples, a fifth of them with wrong labels: without help all of them,
the wrong ones too. Each technique is switched on alone, then those that help each other together.

Dropout: Srivastava et al., "Dropout", JMLR 15, 2014. Keras's `rate` is the share that is dropped, as p in one lecture.
Another scales the weights by it: that must be the probability to keep a unit, which is the same only at 0.5, and Keras
divides by that in training instead.

Run it by `keras-dl run regularization`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from keras_dl.analysis.thinned import against_mean, off_geometric_mean
from keras_dl.catalogue import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.experiments.wrong_labels import with_wrong_labels
from keras_dl.fields import Count, Counts, Positive, Share, multiple_of
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.order import batches_of, random_order
from keras_dl.training.quiet import Quiet, cross_entropy, error_rate

KEEP, MAX_NORM, MASKED = 0.5, 1.0, 0.2
TECHNIQUES = {
    "none": ({}, {}),
    "L1": ({}, {"l1": 1e-3}),
    "L2": ({}, {"l2": 3e-3}),
    "weight decay": ({}, {"optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.5, "weight_decay_on": "all"}),
    "max-norm": ({}, {"max_norm": MAX_NORM}),
    "dropout": ({"dropout": 1 - KEEP}, {}),
    "input dropout": ({"input_dropout": 0.2}, {}),
    "DropConnect": ({"drop_connect": 0.5}, {}),
    "label smoothing": ({}, {"label_smoothing": 0.1}),
    "batch normalization": ({"normalization": "batch"}, {}),
    "together": ({"dropout": 1 - KEEP, "input_dropout": 0.2}, {"l2": 1e-3, "max_norm": MAX_NORM}),
}
"""what each changes in the network and in its training"""
COMMITTEE = {"dropout": 1 - KEEP, "hidden": (10,)}
PATIENCES = (1, 10)
POINTS, ROUND = 20, 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regularization(DataExperiment):
    """Compare regularization techniques on a network that overfits."""

    seeds: Count = 3
    """how often each measurement is repeated, with other examples, wrong labels and initial weights"""
    examples: Count = 300
    """training examples"""
    noise: Share = 0.2
    """share of the training labels that are wrong"""
    hidden: Counts = (128, 128)
    """units of the hidden layers"""
    steps: Annotated[int, multiple_of(POINTS)] = 600
    """training steps of each network, a multiple of 20: the points of its curve"""
    batch_size: Count = 32
    """examples per step"""
    learning_rate: Positive = 0.05
    """of SGD with momentum; AdamW, for weight decay, has 0.001"""

    def cells(self) -> list[dict]:
        stopped = [{"technique": "early stopping", "patience": patience} for patience in PATIENCES]
        return [{"technique": technique} for technique in (*TECHNIQUES, "committee")] + stopped

    def measure(self, *, seed: int, technique: str, patience: int | None = None) -> dict:
        generator = np.random.default_rng(seed)
        train = self._examples(generator)
        test, validation = ((s.inputs(), s.labels) for s in (self.dataset.test, self.dataset.validation))
        network, changes = {**TECHNIQUES, "committee": (COMMITTEE, {})}.get(technique, ({}, {}))
        config = get_config("mlp", **{"hidden": self.hidden, **network}).for_data(self.dataset.spec)
        options = Options(**{"optimizer": "momentum", "learning_rate": self.learning_rate, **changes})
        loop = self.quiet(config, options, self.steps, xla=False)
        model = loop.begin(seed)
        order = random_order(len(train[1]), self.steps, min(self.batch_size, len(train[1])), generator)
        if patience is not None:
            found = self._stopped_early(loop, train, validation, order, patience)
            return {**found, "test": cross_entropy(model, *test), "accuracy": 100 - error_rate(model, *test)}
        curves = {"train": [cross_entropy(model, *train)], "test": [cross_entropy(model, *test)]}
        for _ in loop.parts(*train, order, POINTS):
            curves["train"].append(cross_entropy(model, *train))
            curves["test"].append(cross_entropy(model, *test))
        if technique == "committee":
            return {"distance": off_geometric_mean(model, test[0][:50], KEEP)}
        kernels = [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]
        return {
            **curves,
            "accuracy": 100 - error_rate(model, *test),
            "learned": 100 - error_rate(model, *train),
            "masked": 100 - error_rate(model, test[0] * (generator.random(test[0].shape) >= MASKED), test[1]),
            "noisy": float(np.mean([cross_entropy(model, *train, training=True) for _ in range(5)])),
            "longest": float(max(np.linalg.norm(kernel, axis=0).max() for kernel in kernels)),
            "small": 100 * float(np.mean(np.abs(np.concatenate([kernel.ravel() for kernel in kernels])) < 1e-3)),
            **(against_mean(model, *test) if technique == "dropout" else {}),
        }

    def claims(self, results: Results) -> list[Claim]:
        def of(technique: str, key: str, **cell) -> np.ndarray:
            values = results.values(key, technique=technique, **cell)
            return values if values.ndim == 1 else values[:, -1]

        impatient, patient = ({"technique": "early stopping", "patience": patience} for patience in PATIENCES)
        gaps = {technique: of(technique, "test") - of(technique, "train") for technique in TECHNIQUES}
        plain = gaps.pop("none")
        return [
            Claim(
                text="A network with more weights than examples learns wrong labels too (Zhang et al. 2017)",
                quantity="training accuracy without regularization",
                measured=of("none", "learned"),
                at_least=99.0,
                unit="%",
            ),
            *(
                Claim(
                    text=f"{technique[0].upper()}{technique[1:]} narrows the gap between training and test",
                    quantity="test loss less training loss, over the same without regularization",
                    measured=gap / plain,
                    at_most=0.9,
                )
                for technique, gap in gaps.items()
            ),
            Claim(
                text="With dropout the training loss is above that of the same weights with dropout off",
                quantity="the first over the second",
                measured=of("dropout", "noisy") / of("dropout", "train"),
                at_least=1.0,
                exact=True,
            ),
            Claim(
                text="All units, their outgoing weights times the keep probability, are the geometric mean of all "
                "thinned networks, for one hidden layer (Baldi & Sadowski 2013)",
                quantity="largest difference of a probability, over all 1,024 thinned networks",
                measured=of("committee", "distance"),
                at_most=1e-5,
                exact=True,
            ),
            Claim(
                text="For more layers too they err about as often as the mean of the thinned networks "
                "(Srivastava et al. 2014, section 7.5)",
                quantity="test error less that of the mean of 200 thinned networks",
                measured=of("dropout", "errs_more"),
                at_most=1.0,
                unit="points",
            ),
            Claim(
                text="... and are nearly that mean (the criterion as it was proposed)",
                quantity="total variation from the mean of 200 thinned networks",
                measured=of("dropout", "off_mean"),
                at_most=0.02,
                reason="near their geometric mean (0.02), but that is 0.15 from the arithmetic one; two sets of 200 "
                "differ by 0.03 (3 other seeds)",
            ),
            Claim(
                text="Dropout on the inputs makes a network robust to missing inputs",
                quantity=f"gain in test accuracy with {MASKED:.0%} of the inputs set to 0",
                measured=of("input dropout", "masked") - of("none", "masked"),
                at_least=3.0,
                unit="points",
            ),
            Claim(
                text="With max-norm no weight vector into a unit is longer than allowed (Srebro et al. 2004)",
                quantity="the longest",
                measured=of("max-norm", "longest"),
                at_most=MAX_NORM + 1e-6,
                exact=True,
            ),
            Claim(
                text='L1 makes weights zero, L2 only small (Goodfellow et al., "Deep Learning", section 7.1)',
                quantity="share of weights below 0.001 with L1, over that with L2",
                measured=of("L1", "small") / of("L2", "small"),
                at_least=3.0,
            ),
            Claim(
                text="... though with both the network learns its examples equally well",
                quantity="training loss with L1 over that with L2",
                measured=of("L1", "train") / of("L2", "train"),
                at_least=0.75,
                at_most=1.33,
            ),
            Claim(
                text="Early stopping goes back to the weights of the lowest validation loss",
                quantity="difference from the lowest",
                measured=np.abs(of(**patient, key="restored") - of(**patient, key="best")),
                at_most=1e-5,
                exact=True,
            ),
            Claim(
                text="... and stops before all is learned by heart",
                quantity=f"rounds of {ROUND} steps",
                measured=of(**patient, key="rounds"),
                at_most=self.steps / ROUND - 1,
            ),
            Claim(
                text='Too small a patience stops too early (Prechelt, "Early stopping, but when?", 1998)',
                quantity="lowest validation loss with patience 1 less that with 10",
                measured=of(**impatient, key="best") - of(**patient, key="best"),
                at_least=0.0,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        steps = np.linspace(0, self.steps, POINTS + 1)
        figure = Figure(figsize=(12, 8), layout="constrained")
        *panels, last = figure.subplots(3, 4, sharex=True, sharey=True).flat
        for name, style in (("train", "--"), ("test", "-")):
            for axes in (*panels, last):
                axes.plot(steps, results.mean(name, technique="none"), style, color="0.65", label=f"{name}, none")
                axes.grid(alpha=0.3)
            for axes, technique in zip(panels, TECHNIQUES, strict=True):
                axes.plot(steps, results.mean(name, technique=technique), style, color="C0", label=name)
                accuracy = results.mean("accuracy", technique=technique)
                axes.set_title(f"{technique}\ntest accuracy {accuracy:.1f} %", fontsize=9)
        last.set_title("early stopping: where, and what test loss", fontsize=9)
        for patience, color in zip(PATIENCES, ("C1", "C2"), strict=True):
            cell = {"technique": "early stopping", "patience": patience}
            stops = ROUND * results.values("rounds", **cell)
            label = f"patience {patience}: {results.mean('accuracy', **cell):.1f} %"
            last.scatter(stops, results.values("test", **cell), color=color, label=label, zorder=3)
        last.legend(fontsize=8)
        panels[1].legend(fontsize=8)
        panels[0].set_ylim(0, 1.05 * results.mean("test", technique="none").max())
        figure.supxlabel("training step")
        figure.supylabel("cross-entropy without noise and penalties")
        save_figure(figure, folder / "curves.png")

    def _examples(self, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """`examples` of the training split, a share `noise` of them with another label than theirs."""
        train, spec = self.dataset.train, self.dataset.spec
        spec.check_numbers("a perceptron")
        self.check_examples(self.examples)
        chosen = train.take(generator.choice(len(train), self.examples, replace=False))
        return chosen.inputs(), with_wrong_labels(chosen.labels, spec.classes, self.noise, generator)

    def _stopped_early(self, loop: Quiet, train: tuple, validation: tuple, order: np.ndarray, patience: int) -> dict:
        """What a training gives that Keras's callback ends, which goes back to the best weights."""
        stopping = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
        settings = {"epochs": self.steps // ROUND, "steps_per_epoch": ROUND, "callbacks": [stopping]}
        losses = loop.fit(batches_of(order, *train), **settings, validation_data=validation)["val_loss"]
        return {"rounds": len(losses), "best": min(losses), "restored": cross_entropy(loop.network, *validation)}
