"""Vision transformers and data: behind a convolutional network where pictures are few, less so where they are many.

Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, figures 3 and 4: a ViT trained on ImageNet alone falls
behind ResNets and passes them after 300 million pictures, since it must learn that neighbours belong together. Liu et
al., "Efficient Training of Visual Transformers with Small Datasets", NeurIPS 2021: a further loss, for which the tokens
must tell how far apart they lie, helps small data; trained for 100 epochs, Swin-T on CIFAR-10 goes from 59.47 to 83.89
%.

Both networks have about as many weights, and make as many steps on few and on all of the training pictures; the
transformer once more with the loss of relative localization. The chance that its guesses must beat is the best answer
that is the same for all pairs of tokens; half the error of answers drawn at random is 0.7 of that.

Run it by `keras-dl run small-data-vit`; `--data usps_zip` has 7,291 pictures of 16x16 pixels.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import describe, get_config
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Positive
from keras_dl.figures import save_figure
from keras_dl.tasks.classification import Classification
from keras_dl.tasks.relative_localization import RelativeLocalization
from keras_dl.training import Options
from keras_dl.training.order import random_order

NETWORKS = {"cnn": "convolutional", "vit": "transformer", "drloc": "transformer, relative localization"}
PAIRS, UNITS = 8, 64
"""pairs of tokens per picture, and units of the perceptron that guesses"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmallDataViT(DataExperiment):
    """Compare a convolutional network and a transformer of about its size, on few pictures and on all."""

    seeds: Count = 3
    few: Count = 100
    """pictures of the small training set; the large one has all"""
    patch: Count = 2
    """height and width of the transformer's patches"""
    drloc: Positive = 0.5
    """weight of the loss of relative localization"""
    steps: Count = 500
    """training steps"""
    batch_size: Count = 32
    """pictures per step"""
    learning_rate: Positive = 5e-3
    """Adam's at the start; it falls to 0 along a cosine"""

    def cells(self) -> list[dict]:
        if self.few >= len(self.dataset.train):
            raise UsageError(
                f"few must be below {len(self.dataset.train)}, the pictures of {self.data}, got {self.few}"
            )
        self.config("vit")
        sizes = (self.few, len(self.dataset.train))
        return [{"network": network, "pictures": size} for network in NETWORKS for size in sizes]

    def config(self, network: str) -> Config:
        """The network in the shape of the data. Raises `UsageError` for data that are no pictures."""
        if network == "cnn":
            return get_config("nakkiran_cnn5", k=6).for_data(self.dataset.spec)
        shape, size = self.dataset.spec.shape, {"patch": self.patch, "heads": 2, "head_width": 12, "blocks": 2}
        return get_config("vit_ti16").for_data(self.dataset.spec).replace(input_shape=shape, **size)

    def measure(self, *, seed: int, network: str, pictures: int) -> dict:
        """Test "accuracy" in %, the network's "parameters", and with `drloc` the "guess": the mean error of the
        guessed distances over that of the best constant."""
        further = RelativeLocalization(weight=self.drloc, pairs=PAIRS, units=UNITS)
        task = further if network == "drloc" else Classification()
        options = Options(learning_rate=self.learning_rate, schedule="cosine", warmup=0)
        loop = self.quiet(self.config(network), options, self.steps, task=task)
        loop.begin(seed)
        data, generator = self.dataset, np.random.default_rng(seed)
        chosen = generator.permutation(len(data.train))[:pictures]
        order = chosen[random_order(pictures, self.steps, self.batch_size, generator)]
        loop.run(data.train.inputs(), data.train.labels, order)
        found = loop.model.evaluate(data.test.batches(len(data.test)), verbose=0, return_dict=True)
        guess = {"guess": found["drloc"] / self._constant} if network == "drloc" else {}
        parameters = describe(self.config(network)).parameters
        return {"accuracy": 100 * found["accuracy"], "parameters": parameters, **guess}

    @property
    def _constant(self) -> float:
        """The mean error of the best answer that is the same for all pairs, its median, over both coordinates."""
        errors = []
        for size in self.config("vit").input_shape[:2]:
            places = np.arange(size // self.patch) / (size // self.patch)
            offsets = np.abs(np.subtract.outer(places, places))
            errors.append(np.abs(offsets - np.median(offsets)).mean())
        return float(np.mean(errors))

    def claims(self, results: Results) -> list[Claim]:
        many = len(self.dataset.train)
        accuracy = {
            (network, size): results.values("accuracy", network=network, pictures=size).round(3)
            for network, size in itertools.product(NETWORKS, (self.few, many))
        }
        gaps = {size: accuracy["cnn", size] - accuracy["vit", size] for size in (self.few, many)}
        sizes = {network: results.mean("parameters", network=network) for network in ("cnn", "vit")}
        gains = {size: accuracy["drloc", size] - accuracy["vit", size] for size in (self.few, many)}
        return [
            Claim(
                text="Both networks have about as many weights",
                quantity="weights of the transformer over those of the convolutional network",
                measured=sizes["vit"] / sizes["cnn"],
                at_least=0.8,
                at_most=1.25,
            ),
            Claim(
                text="With few pictures a convolutional network is ahead (Dosovitskiy et al. 2021, figure 4)",
                quantity=f"test accuracy less that of the transformer, {self.few} pictures",
                measured=gaps[self.few],
                at_least=3,
                unit="points",
            ),
            Claim(
                text="The more pictures, the smaller its lead (Dosovitskiy et al. 2021, figure 4)",
                quantity=f"lead with {self.few} pictures less lead with {many:,}",
                measured=gaps[self.few] - gaps[many],
                at_least=0,
                unit="points",
            ),
            Claim(
                text="A transformer can tell how far its tokens lie apart (Liu et al. 2021, section 4)",
                quantity=f"error of the guesses over that of the best constant, {self.few} pictures",
                measured=results.values("guess", network="drloc", pictures=self.few),
                at_most=0.7,
            ),
            *[
                Claim(
                    text=f"Learning to do so costs no accuracy with {size:,} pictures (Liu et al. 2021)",
                    quantity="gain in test accuracy by relative localization",
                    measured=gain,
                    at_least=-1,
                    unit="points",
                    published="24.4 points, Swin-T on all of CIFAR-10",
                )
                for size, gain in gains.items()
            ],
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.subplots()
        sizes = (self.few, len(self.dataset.train))
        for place, (network, name) in enumerate(NETWORKS.items()):
            values = np.stack([results.values("accuracy", network=network, pictures=size) for size in sizes])
            label = f"{name}: {results.mean('parameters', network=network):,.0f} weights"
            centres = np.arange(len(sizes)) + 0.27 * (place - 1)
            bars = axes.bar(centres, values.mean(axis=1), 0.25, yerr=values.std(axis=1), capsize=3, label=label)
            axes.bar_label(bars, fmt="%.1f", label_type="center", color="white")
        axes.set_xticks(range(len(sizes)), [f"{size:,} pictures" for size in sizes])
        axes.set(ylabel="test accuracy, %", ylim=(0, 100))
        axes.set_title(f"{self.subject}: {self.steps} training steps each")
        axes.grid(alpha=0.3, axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)
        save_figure(figure, folder / "small_data_vit.png")
