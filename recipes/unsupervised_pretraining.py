"""Unsupervised pre-training: hidden layers that learned from pictures without labels, then fine-tuned with few.

Hinton, Osindero & Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18, 2006 (restricted
Boltzmann machines, one upon the other); Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010, section 6;
Erhan et al., "Why Does Unsupervised Pre-training Help Deep Learning?", JMLR 11, 2010. Baldi & Hornik, "Neural networks
and principal component analysis", Neural Networks 2, 1989: a linear autoencoder finds the space of the principal
components, though not the components themselves.

A network of two hidden layers of sigmoid units starts from random weights, from two denoising autoencoders, or from
two RBMs. Each is learned from all training pictures without labels, the second from what the first makes of them; then
all layers are fine-tuned with the same few labels in the same steps.

Run it by `keras-dl run unsupervised-pretraining`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
import scipy.linalg
import scipy.special
from matplotlib.figure import Figure

from keras_dl import get_config, surgery
from keras_dl.config import Config
from keras_dl.experiments.autoencoder import train_autoencoder
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Counts, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.learning.rbm import train_rbm
from keras_dl.training import Options
from keras_dl.training.quiet import error_rate

STARTS = {"random": "random weights", "autoencoder": "denoising autoencoders", "rbm": "RBMs"}
MASKED = 0.25
"""part of the inputs that a denoising autoencoder does not see"""
COMPONENTS = 4
LINEAR = {"steps": 600, "batch_size": 256, "learning_rate": 0.03}
"""how the linear autoencoder is trained"""
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
        return [{"start": start} for start in (*STARTS, "linear")]

    def measure(self, *, seed: int, start: str) -> dict:
        return self._linear(seed) if start == "linear" else self._fine_tuned(seed, start)

    @property
    def _config(self) -> Config:
        return get_config("mlp", hidden=self.hidden, activation="sigmoid").for_data(self.dataset.spec)

    @functools.cached_property
    def _pixels(self) -> np.ndarray:
        """All training pictures, (n, pixels), values 0..1."""
        return self.dataset.train.inputs().reshape(len(self.dataset.train), -1) / 255

    def _fine_tuned(self, seed: int, start: str) -> dict:
        options = Options(learning_rate=self.learning_rate, steps_per_execution=math.gcd(self.steps, 50))
        loop = self.quiet(self._config, options, self.steps)
        model = loop.begin(seed)
        found = {} if start == "random" else self._pretrain(model, start, seed)
        places = np.random.default_rng(seed).choice(len(self.dataset.train), self.labels, replace=False)
        few = self.dataset.train.take(places)
        loop.fit(few.stream(min(self.batch_size, self.labels), steps=self.steps, seed=seed))
        test = self.dataset.test
        return {"accuracy": 100 - error_rate(model, test.inputs(), test.labels), **found}

    def _pretrain(self, model: keras.Model, start: str, seed: int) -> dict:
        """Give `model` its hidden layers; how well each returns its input, and how far the network is from them."""
        x, errors = self._pixels, []
        size = {"steps": self.pretraining_steps, "seed": seed}
        for number, units in enumerate(self.hidden, start=1):
            if start == "rbm":
                machine = train_rbm(x, units, **size)
                layer, returned = (machine.weights, machine.hidden_bias), machine.visible(machine.hidden(x))
            else:
                network = train_autoencoder(x, units, masked=MASKED, **size)
                layer, returned = network.get_layer("stage1_dense").get_weights(), network(x).numpy()
            errors.append(float(np.mean((returned - x) ** 2) / x.var(axis=0).mean()))
            model.get_layer(f"stage{number}_dense").set_weights(layer)
            x = scipy.special.expit(x @ layer[0] + layer[1])
        features = surgery.embedding(model)(self.dataset.train.inputs(), training=False).numpy()
        filters = model.get_layer("stage1_dense").kernel.numpy()[:, :FILTERS].T.reshape(-1, *self.dataset.spec.shape)
        unlike = float(np.abs(features - x).max())
        return {"errors": errors, "unlike": unlike, "filters": np.round(filters, 4).tolist()}

    def _linear(self, seed: int) -> dict:
        """A linear autoencoder beside principal components: the angle of the spaces, the ratio of the test errors."""
        from sklearn.decomposition import PCA

        mean = self._pixels.mean(axis=0)
        train = self._pixels - mean
        test = self.dataset.test.inputs().reshape(len(self.dataset.test), -1) / 255 - mean
        network = train_autoencoder(train, COMPONENTS, activation="linear", **LINEAR, seed=seed)
        components = PCA(COMPONENTS).fit(train)
        decoder = network.get_layer("head").kernel.numpy()
        angles = scipy.linalg.subspace_angles(decoder.T, components.components_.T)
        by_components = components.inverse_transform(components.transform(test))
        ratio = np.mean((network(test).numpy() - test) ** 2) / np.mean((by_components - test) ** 2)
        return {"angle": float(np.degrees(angles.max())), "ratio": float(ratio)}

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
            Claim(
                text="A linear autoencoder spans the principal components (Baldi & Hornik 1989)",
                quantity=f"largest angle to the first {COMPONENTS} components",
                measured=results.values("angle", start="linear"),
                at_most=5,
                unit="degrees",
            ),
            Claim(
                text="and loses as little as they do",
                quantity="squared error on test pictures over that of the components",
                measured=results.values("ratio", start="linear"),
                at_least=0.99,
                at_most=1.01,
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
