"""Unsupervised pre-training: hidden layers that learned from pictures without labels, then fine-tuned with few.

Hinton, Osindero & Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18, 2006 (restricted
Boltzmann machines, one upon the other); Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010, section 6;
Erhan et al., "Why Does Unsupervised Pre-training Help Deep Learning?", JMLR 11, 2010.

A network of two hidden layers of logistic units starts from random weights, from two denoising autoencoders, or from
two RBMs. Each is learned from all training pictures without labels, the second from what the first makes of them; then
all layers are fine-tuned with the same few labels in the same steps.

Run it by `keras-dl run unsupervised-pretraining`.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.config import Config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Counts, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.quiet import error_rate

STARTS = {"random": "random weights", "autoencoder": "denoising autoencoders", "rbm": "RBMs"}
BATCH = 64
"""pictures of a step without labels"""
WITHOUT_LABELS = {
    "autoencoder": (
        "stacked_denoising_autoencoder",
        get_task("layerwise_denoising"),
        Options(learning_rate=3e-3, schedule="cosine", warmup=0.0),
    ),
    "rbm": (
        "dbn",
        get_task("layerwise_divergence", labels=False),
        Options(optimizer="momentum", nesterov=False, learning_rate=0.1, weight_decay=2e-4),
    ),
}
"""which network learns what, and how"""
FILTERS = 10
"""hidden units whose weights are drawn"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnsupervisedPretraining(DataExperiment):
    """Fine-tune a network with few labels, from random weights and from layers that learned without labels."""

    labels: Count = 100
    """labelled pictures to learn from; all training pictures are used without labels"""
    hidden: Counts = (256, 256)
    """units of the hidden layers"""
    steps: Count = 500
    """training steps with labels"""
    pretraining_steps: Count = 1000
    """steps of each layer without labels, of 64 pictures"""
    batch_size: Count = 32
    """pictures per step with labels"""
    learning_rate: Positive = 1e-3
    """Adam's, with labels"""

    def cells(self) -> list[dict]:
        self.dataset.spec.check_pictures()
        self.check_examples(self.labels, "labels")
        return [{"start": start} for start in STARTS]

    def measure(self, *, seed: int, start: str) -> dict:
        options = Options(learning_rate=self.learning_rate, steps_per_execution=math.gcd(self.steps, 50))
        config = self._config("stacked_denoising_autoencoder")
        loop = self.quiet(config, options, self.steps, task=get_task("classification"))
        model = loop.begin(seed)
        found = {} if start == "random" else self._pretrain(model, start, seed)
        places = np.random.default_rng(seed).choice(len(self.dataset.train), self.labels, replace=False)
        few = self.dataset.train.take(places)
        loop.fit(few.stream(min(self.batch_size, self.labels), steps=self.steps, seed=seed))
        test = self.dataset.test
        return {"accuracy": 100 - error_rate(model, test.inputs(), test.labels), **found}

    def _config(self, name: str) -> Config:
        return get_config(name, units=self.hidden).for_data(self.dataset.spec)

    def _pretrain(self, model: keras.Model, start: str, seed: int) -> dict:
        """Give `model` its hidden layers; how well RBMs return their input, and how far the network is from them."""
        name, task, options = WITHOUT_LABELS[start]
        steps, layers = self.pretraining_steps, range(1, len(self.hidden) + 1)
        options = dataclasses.replace(options, epochs=len(layers), steps_per_execution=math.gcd(steps, 50))
        training = self.quiet(self._config(name), options, steps, task=task)
        network = training.begin(seed)
        training.model.callbacks(self.dataset)
        for number in layers:
            training.model.begin_epoch(number - 1, seed)
            training.fit(self.dataset.train.stream(BATCH, steps=steps, seed=seed + number))
            layer = network.get_layer(f"stage{number}")
            model.get_layer(layer.name).set_weights([layer.kernel.numpy(), layer.bias.numpy()])
        errors = [self._error(network.get_layer(f"stage{number}"), network) for number in layers if start == "rbm"]
        learned, begun = (self._made(surgery.embedding(of)) for of in (network, model))
        filters = model.get_layer("stage1").kernel.numpy()[:, :FILTERS].T.reshape(-1, *self.dataset.spec.shape)
        unlike = float(np.abs(learned - begun).max())
        return {"errors": errors, "unlike": unlike, "filters": np.round(filters, 4).tolist()}

    def _made(self, model: keras.Model) -> np.ndarray:
        """What `model` makes of all training pictures, (n, outputs)."""
        return np.asarray(model(self.dataset.train.inputs()))

    def _error(self, layer: keras.layers.Layer, network: keras.Model) -> float:
        """The squared error of what a machine makes of its own hidden units, over that of the mean of its input."""
        seen = self._made(keras.Model(network.input, layer.input))
        machine = layer.machine
        again = np.asarray(machine.probabilities({1: machine.probabilities({0: seen}, 1)}, 0))
        return float(np.mean((again - seen) ** 2) / seen.var(axis=0).mean())

    def claims(self, results: Results) -> list[Claim]:
        accuracy = {start: results.values("accuracy", start=start) for start in STARTS}
        pretrained = [start for start in STARTS if start != "random"]
        return [
            Claim(
                text="Fine-tuning starts from the layers that were learned without labels",
                quantity="largest difference of a feature of the network from theirs",
                measured=np.max([results.values("unlike", start=start) for start in pretrained], axis=0),
                at_most=1e-4,
                exact=True,
            ),
            Claim(
                text="An RBM learns to return what it sees (Hinton 2010, section 5)",
                quantity="squared error of the worse layer over that of the mean of its inputs",
                measured=results.values("errors", start="rbm").max(axis=1),
                at_most=0.5,
            ),
            Claim(
                text="With few labels RBMs are a better start than random weights (Hinton et al. 2006)",
                quantity=f"gain in test accuracy, {self.labels} labels",
                measured=accuracy["rbm"] - accuracy["random"],
                at_least=2,
                unit="points",
            ),
            Claim(
                text="So are denoising autoencoders (Vincent et al. 2010, section 6)",
                quantity=f"gain in test accuracy, {self.labels} labels",
                measured=accuracy["autoencoder"] - accuracy["random"],
                at_least=1,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.subplot_mosaic("AB;AC", width_ratios=(1.2, 1))
        values = np.stack([results.values("accuracy", start=start) for start in STARTS])
        bars, colors = axes.pop("A"), ("C7", "C0", "C1")
        bars.bar(range(len(STARTS)), values.mean(axis=1), yerr=values.std(axis=1), capsize=3, color=colors)
        bars.set_xticks(range(len(STARTS)), [name.replace(" ", "\n") for name in STARTS.values()])
        low = 10 * ((values.min() - 1) // 10)
        bars.set(ylabel="test accuracy, %", ylim=(low, 100), title=f"fine-tuned with {self.labels} labels")
        bars.set_xlabel(f"start ({self.subject})")
        bars.grid(alpha=0.3, axis="y")
        for panel, start in zip(axes.values(), [start for start in STARTS if start != "random"], strict=True):
            filters = results.values("filters", start=start)[0].mean(axis=-1)
            filters = filters / np.abs(filters).max(axis=(1, 2), keepdims=True)
            padded = np.pad(filters, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
            panel.imshow(np.concatenate([np.concatenate(row, axis=1) for row in np.split(padded, 2)]), cmap="coolwarm")
            panel.set_title(f"first-layer weights: {STARTS[start]}", fontsize=9)
            panel.axis("off")
        save_figure(figure, folder / "pretraining.png")
