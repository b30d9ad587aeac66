"""Adversaries: pictures that a discriminator cannot tell from real ones, judged by a network that tells classes.

Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014; Radford, Metz & Chintala, "Unsupervised Representation
Learning with Deep Convolutional Generative Adversarial Networks", ICLR 2016. A generator may please its discriminator
with a few kinds of pictures only, the mode collapse of Goodfellow's tutorial (2016, section 5.1.1), or with one.
Miyato et al. 2018 keep the discriminator from becoming too sure.

A classifier of the data judges what is made: how evenly its classes occur (entropy; log 10 = 2.303 nats for ten as
frequent), how many pictures look real (precision), how much of what is real is made (recall), and how far both are
apart in its features (kernel distance). A DCGAN is looked at while it learns; the same with a rate too large for it
makes one and the same picture of all noise; with a discriminator of bounded slope, by its singular values, it does not.

Run it by `keras-dl run adversaries`; `--data mnist --steps 4000 --filters 32` makes digits that one can read.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.experiments.judge import Judge
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.learning.sheets import mosaic
from keras_dl.tasks import get_task
from keras_dl.training import Options

LEARNED, COLLAPSED, MENDED = "dcgan", "collapsed", "mended"
PARTS = 5
"""times that the pictures are judged while they become better"""
MADE = 1000
SHOWN = 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adversaries(DataExperiment):
    """Make pictures by a generator and a discriminator, and judge them by a classifier."""

    seeds: Count = 3
    """how often each measurement is repeated, with other first weights and noise"""
    filters: Count = 16
    """of the generator and the discriminator at half resolution"""
    steps: Count = 1500
    """training steps"""
    batch_size: Count = 64
    """pictures per step"""
    learning_rate: Positive = 1e-3
    """Adam's"""
    too_large: Positive = 0.1
    """that at which the pictures collapse"""
    judge: str = "nakkiran_cnn5"
    """name of the network that tells the classes"""
    judge_width: Positive = 0.125
    """factor on its width"""
    judge_steps: Count = 600
    """training steps of it"""

    def cells(self) -> list[dict]:
        return [{"method": method} for method in (LEARNED, COLLAPSED, MENDED)]

    def measure(self, *, seed: int, method: str) -> dict:
        """The scores of `Judge.scores` of pictures after each part of the training, and some of the last pictures."""
        task = get_task("adversarial_generation")
        config, data = task.adapt(get_config("dcgan", filters=self.filters, spectral=method == MENDED), self.dataset)
        judging = get_config(self.judge).scaled(width=self.judge_width).for_data(data.spec)
        judge = Judge.of(self, judging, data, self.judge_steps, seed)
        options = Options(learning_rate=self.learning_rate if method == LEARNED else self.too_large)
        training = self.quiet(config, options, self.steps, task=task)
        network, found = training.begin(seed), []
        for part in range(PARTS + 1):
            if part:
                batches = {"steps": self.steps // PARTS, "seed": PARTS * seed + part}
                training.fit(data.train.stream(self.batch_size, arrange=task.arrange(network), **batches))
            made = task.made(network, config, range(MADE))
            found.append(judge.scores(made))
        scores = {name: [row[name] for row in found] for name in found[0]}
        return {**scores, "judge": judge.accuracy, "pictures": made[:SHOWN].round().astype(int).tolist()}

    def claims(self, results: Results) -> list[Claim]:
        found = {
            (method, name): results.values(name, method=method)
            for method in (LEARNED, COLLAPSED, MENDED)
            for name in ("classes", "entropy", "precision", "recall", "kernel_distance")
        }
        classes = self.dataset.spec.classes
        return [
            Claim(
                text="A DCGAN makes pictures of all classes (Radford et al. 2016, section 4)",
                quantity=f"classes of {classes} among its pictures",
                measured=found[LEARNED, "classes"][:, -1],
                at_least=classes,
            ),
            Claim(
                text="about as often",
                quantity=f"entropy of the classes, at most {np.log(classes):.3f}",
                measured=found[LEARNED, "entropy"][:, -1],
                at_least=0.955 * np.log(classes),
                unit="nats",
            ),
            Claim(
                text="They come nearer to real ones while it learns (Bińkowski et al. 2018)",
                quantity="kernel distance at the end over that after a fifth of the steps",
                measured=found[LEARNED, "kernel_distance"][:, -1] / found[LEARNED, "kernel_distance"][:, 1],
                at_most=0.8,
            ),
            Claim(
                text="With too large steps all noise becomes one picture (Radford et al. 2016, section 3)",
                quantity="recall less that of the DCGAN",
                measured=found[COLLAPSED, "recall"][:, -1] - found[LEARNED, "recall"][:, -1],
                at_most=-0.3,
            ),
            Claim(
                text="A discriminator of bounded slope mends that at the same rate (Miyato et al. 2018, section 4.1)",
                quantity="recall with it less that without",
                measured=found[MENDED, "recall"][:, -1] - found[COLLAPSED, "recall"][:, -1],
                at_least=0.2,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 6), layout="constrained")
        above, below = figure.subfigures(2, 1)
        steps = np.arange(PARTS + 1) * self.steps // PARTS
        names = ("entropy", "precision", "recall", "kernel_distance")
        for axes, name in zip(above.subplots(1, len(names)), names, strict=True):
            for method in (LEARNED, COLLAPSED, MENDED):
                values = results.values(name, method=method)
                axes.errorbar(steps, values.mean(axis=0), values.std(axis=0), capsize=2, label=method)
            axes.set(title=name.replace("_", " "), xlabel="steps")
            axes.grid(alpha=0.3)
        above.axes[0].legend()
        above.axes[-1].set_yscale("symlog", linthresh=0.1)
        for axes, method in zip(below.subplots(1, 3), (LEARNED, COLLAPSED, MENDED), strict=True):
            row = next(row for row in results.rows if row["method"] == method)
            axes.imshow(mosaic(np.array(row["pictures"])), cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
            axes.set_title(f"{self.subject}: {method}", fontsize=10)
        save_figure(figure, folder / "adversaries.png")
