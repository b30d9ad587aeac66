"""Generators side by side: a variational autoencoder and two pairs of adversaries, judged by one classifier.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014; Goodfellow et al., "Generative Adversarial Nets",
NeurIPS 2014; Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", ICLR 2016. What maximises a likelihood must account for every picture of the data, and pays with
blurred ones; what only has to please a discriminator may leave some out (Goodfellow, "NIPS 2016 Tutorial", section
3.2.5).

All learn from the same batches, as many steps, and make as many pictures; a classifier judges how evenly its
classes occur, how many pictures look real (precision), how much of what is real is made (recall), and how far both are
apart in its features.

Run it by `keras-dl run generators`; `--data mnist --steps 5000` makes digits that one can read.
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

VAE, GAN, DCGAN = "vae", "gan_mlp", "dcgan"
SIZES = {
    VAE: {"units": 256, "latent_width": 10},
    GAN: {"units": 256, "maxout_units": 64},
    DCGAN: {"filters": 16},
}
"""about as many multiplications for a picture of 8x8 pixels"""
MADE = 1000
SHOWN = 48
SCORES = ("entropy", "precision", "recall", "kernel_distance")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Generators(DataExperiment):
    """Make pictures of noise by three kinds of networks, and judge them by a classifier."""

    seeds: Count = 3
    """how often each measurement is repeated, with other first weights and noise"""
    steps: Count = 1500
    """training steps of each"""
    batch_size: Count = 64
    """pictures per step"""
    learning_rate: Positive = 1e-3
    """Adam's"""
    judge: str = "nakkiran_cnn5"
    """name of the network that tells the classes"""
    judge_width: Positive = 0.125
    """factor on its width"""
    judge_steps: Count = 600
    """training steps of it"""

    def cells(self) -> list[dict]:
        return [{"network": network} for network in SIZES]

    def measure(self, *, seed: int, network: str) -> dict:
        """What `Judge.scores` says of the pictures, and some of them."""
        config = get_config(network, **SIZES[network])
        task = get_task(config.task)
        config, data = task.adapt(config, self.dataset)
        judging = get_config(self.judge).scaled(width=self.judge_width).for_data(data.spec)
        judge = Judge.of(self, judging, data, self.judge_steps, seed)
        training = self.quiet(config, Options(learning_rate=self.learning_rate), self.steps, task=task)
        trained = training.begin(seed)
        batches = {"steps": self.steps, "seed": seed, "arrange": task.arrange(trained)}
        training.fit(data.train.stream(self.batch_size, **batches))
        made = task.made(trained, config, range(MADE))
        return {**judge.scores(made), "pictures": made[:SHOWN].round().astype(int).tolist()}

    def claims(self, results: Results) -> list[Claim]:
        found = {(network, name): results.values(name, network=network) for network in SIZES for name in SCORES}
        return [
            Claim(
                text="What maximises a likelihood leaves no class out (Goodfellow 2016, section 3.2.5)",
                quantity="classes among the pictures of the autoencoder",
                measured=results.values("classes", network=VAE),
                at_least=self.dataset.spec.classes,
            ),
            Claim(
                text="and covers what is real at least as well as what only pleases a discriminator",
                quantity="recall of the autoencoder less that of the dense adversaries",
                measured=found[VAE, "recall"] - found[GAN, "recall"],
                at_least=0,
                reason="it draws the mean of every pixel, and pictures of means are more alike than real ones are",
            ),
            Claim(
                text="Convolutions and batch normalisation make adversaries cover more (Radford et al. 2016)",
                quantity="recall of dcgan less that of gan_mlp",
                measured=found[DCGAN, "recall"] - found[GAN, "recall"],
                at_least=0.2,
            ),
            Claim(
                text="Adversaries make pictures that are nearer to real ones than those of a likelihood of pixels",
                quantity="kernel distance of dcgan over that of the autoencoder",
                measured=found[DCGAN, "kernel_distance"] / found[VAE, "kernel_distance"],
                at_most=1,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(12, 6.5), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(2, 1))
        for axes, network in zip(above.subplots(1, len(SIZES)), SIZES, strict=True):
            row = next(row for row in results.rows if row["network"] == network)
            axes.imshow(mosaic(np.array(row["pictures"])), cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
            axes.set_title(f"{self.subject}: {network}", fontsize=10)
        for axes, name in zip(below.subplots(1, len(SCORES)), SCORES, strict=True):
            values = np.array([results.values(name, network=network) for network in SIZES])
            axes.bar([*SIZES], values.mean(axis=1), yerr=values.std(axis=1), capsize=3)
            axes.set_title(name.replace("_", " "), fontsize=10)
            axes.grid(alpha=0.3, axis="y")
        save_figure(figure, folder / "generators.png")
