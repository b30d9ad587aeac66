"""Autoencoders: what a short code keeps of a picture, against principal components, and what is told of a part of it.

Baldi & Hornik, "Neural networks and principal component analysis: learning from examples without local minima", Neural
Networks 2, 1989: a linear autoencoder finds the space of the principal components, though not the components
themselves. Hinton & Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 313, 2006: a
deep one with a code of 30 numbers makes digits of MNIST again with a squared error of 3.00, 30 components with 13.87.
Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010, sections 2.3 and 3.3: one learns to mend pictures.

The deep network is that of 2006 with rectifiers, which learn at once what its logistic units need pre-training for.
Errors are of pixels as 0..1, summed over a test picture.

Run it by `keras-dl run autoencoders`; `--data mnist --code 30 --steps 4000 --width 1` are the published sizes.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive, Share
from keras_dl.figures import save_figure
from keras_dl.lazy import keras
from keras_dl.tasks import get_task
from keras_dl.training import Options

COMPONENTS = 4
FEW = 2000
"""pictures at most that the linear autoencoder learns from, all of them in each step"""
LINEAR = Options(learning_rate=0.03, schedule="cosine", warmup=0.0)
LINEAR_STEPS = 1000
DRAWN = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Autoencoders(DataExperiment):
    """Make pictures again of short codes, and whole pictures of parts."""

    seeds: Count = 3
    """how often each measurement is repeated, with other random numbers"""
    code: Count = 8
    """numbers in a code of the deep autoencoder, and principal components beside it"""
    width: Positive = 0.25
    """width of its hidden layers, as part of 1000, 500 and 250 units"""
    corrupted: Share = 0.4
    """share of a picture that is 0 in what the denoising autoencoder sees"""
    steps: Count = 2000
    """training steps of each network that is not linear"""
    batch_size: Count = 128
    """pictures per step"""
    learning_rate: Positive = 1e-3
    """Adam's at first, falling to 0 along a cosine"""

    def cells(self) -> list[dict]:
        self.dataset.spec.check_pictures()
        self.check_examples(self.code, "code")
        return [{"network": network} for network in ("linear", "deep")]

    def measure(self, *, seed: int, network: str) -> dict:
        if network == "linear":
            return self._linear(seed)
        plain, mending = (self._trained(seed, share) for share in (0.0, self.corrupted))
        seen = np.where(np.random.default_rng(0).random(self._test.shape) < self.corrupted, 0, self._test)
        made = {"deep": plain(self._test), "unmended": plain(seen), "mended": mending(seen)}
        made = {name: pictures.numpy() for name, pictures in made.items()}
        errors = {name: self._error(pictures) for name, pictures in made.items()}
        return {**errors, "pictures": [_few(pictures) for pictures in (made["deep"], seen, made["mended"])]}

    def _linear(self, seed: int) -> dict:
        """How far the space that a linear autoencoder spans is from that of the principal components."""
        x = self._flat(self.dataset.train.take(range(min(FEW, len(self.dataset.train)))).inputs())
        x = (x - x.mean(axis=0)).astype("float32")
        forms = {"code_activation": "linear", "output_activation": "linear"}
        config = get_config("autoencoder", input_shape=x.shape[1:], latent_width=COMPONENTS, **forms)
        loop = self.quiet(config, LINEAR, LINEAR_STEPS)
        model = loop.begin(seed)
        loop.run(x, x, np.tile(np.arange(len(x)), (LINEAR_STEPS, 1)))
        mean, components = self._components(x, COMPONENTS)
        decoder = model.get_layer("decoder").get_layer("decoder_head").kernel.numpy()
        spanned, _ = np.linalg.qr(decoder.T.astype("float64"))
        apart = np.linalg.norm(spanned - components.T @ (components @ spanned), 2)
        by_components = np.square(x - mean - (x - mean) @ components.T @ components).sum(axis=1).mean()
        cosines = np.abs(decoder / np.linalg.norm(decoder, axis=1, keepdims=True) @ components.T)
        ratio = np.square(model(x).numpy() - x).sum(axis=1).mean() / by_components
        return {"apart": float(apart), "ratio": float(ratio), "likeness": float(cosines.max(axis=1).min())}

    def _trained(self, seed: int, corrupted: float) -> keras.Model:
        """The deep autoencoder, trained to make whole pictures of those without the share `corrupted`."""
        config = get_config("deep_autoencoder", activation="relu").scaled(width=self.width)
        config = config.replace(latent_width=self.code).for_data(self.dataset.spec)
        task = get_task("reconstruction", corrupted=corrupted)
        rate = {"learning_rate": self.learning_rate, "schedule": "cosine"}
        options = Options(**rate, steps_per_execution=math.gcd(self.steps, 50))
        loop = self.quiet(config, options, self.steps, task=task)
        model = loop.begin(seed)
        train, size = self.dataset.train, min(self.batch_size, len(self.dataset.train))
        loop.fit(train.stream(size, steps=self.steps, seed=seed, arrange=task.arrange(model)))
        return model

    @functools.cached_property
    def _test(self) -> np.ndarray:
        return self.dataset.test.inputs().astype("float32")

    @functools.cached_property
    def _by_components(self) -> np.ndarray:
        """The test pictures as the principal components make them, as many as a code has numbers."""
        x = self._flat(self.dataset.train.inputs())
        mean, components = self._components(x, self.code)
        return 255 * (mean + (self._flat(self._test) - mean) @ components.T @ components).reshape(self._test.shape)

    def _components(self, x: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The mean of `x`, and its `count` largest principal components (count, pixels), in float64."""
        _, directions = np.linalg.eigh(np.cov(x.T.astype("float64")))
        return x.mean(axis=0, dtype="float64"), directions[:, ::-1][:, :count].T

    def _flat(self, pictures: np.ndarray) -> np.ndarray:
        return pictures.reshape(len(pictures), -1) / 255

    def _error(self, made: np.ndarray) -> float:
        return float(np.square(self._flat(made) - self._flat(self._test)).sum(axis=1).mean())

    def claims(self, results: Results) -> list[Claim]:
        components = self._error(self._by_components)
        mnist = self.data == "mnist" and self.code == 30
        deep, unmended, mended = (results.values(name, network="deep") for name in ("deep", "unmended", "mended"))
        return [
            Claim(
                text="A linear autoencoder spans the principal components (Baldi & Hornik 1989)",
                quantity=f"sine of the largest angle between its space and that of the first {COMPONENTS}",
                measured=results.values("apart", network="linear"),
                at_most=1e-3,
                exact=True,
            ),
            Claim(
                text="and loses as little as they do",
                quantity="squared error over that of the components",
                measured=results.values("ratio", network="linear"),
                at_least=0.999,
                at_most=1.001,
                exact=True,
            ),
            Claim(
                text="but its units are not the components themselves",
                quantity="cosine between the unit that is the least like a component and the nearest one",
                measured=results.values("likeness", network="linear"),
                at_most=0.99,
            ),
            Claim(
                text="A deep autoencoder keeps more in as many numbers (Hinton & Salakhutdinov 2006)",
                quantity=f"squared error, {self.code} numbers, over {components:.2f} of {self.code} components",
                measured=deep / components,
                at_most=0.5 if mnist else 0.6,
                published="3.00 against 13.87 on MNIST, 30 numbers" if mnist else "",
            ),
            Claim(
                text="One that has learned to mend pictures mends them better (Vincent et al. 2010)",
                quantity=f"squared error without {100 * self.corrupted:.0f} % of the pixels, over a plain one's",
                measured=mended / unmended,
                at_most=0.8,
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        rows = {
            "test pictures": _few(self._test),
            f"{self.code} components": _few(self._by_components),
        }
        names = (f"a code of {self.code}", "without a part", "mended")
        rows |= dict(zip(names, results.values("pictures", network="deep")[0], strict=True))
        figure = Figure(figsize=(8, 5.4), layout="constrained")
        figure.suptitle(f"pictures of {self.subject}, made again")
        for axes, (name, pictures) in zip(figure.subplots(len(rows), 1), rows.items(), strict=True):
            padded = np.pad(np.array(pictures) / 255, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=1)
            axes.imshow(np.concatenate(padded.clip(0, 1), axis=1), cmap="gray", vmin=0, vmax=1)
            axes.set_ylabel(name, rotation=0, ha="right", va="center")
            axes.set(xticks=[], yticks=[])
        save_figure(figure, folder / "autoencoders.png")


def _few(pictures: np.ndarray) -> list:
    """The first of `pictures`, as JSON holds them."""
    return np.round(pictures[:DRAWN]).astype(int).tolist()
