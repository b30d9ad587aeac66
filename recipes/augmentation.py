"""Augmentation: changed copies of few labelled examples, against more labelled examples.

Each way to change the training examples is used alone, for a growing number of labels; the test examples stay as they
are, and are also tested in a changed form: pictures moved, texts with typing errors, sounds with noise.

- Pictures: Simard, Steinkraus & Platt, "Best practices for convolutional neural networks applied to visual document
  analysis", ICDAR 2003; Shorten & Khoshgoftaar, "A survey on image data augmentation for deep learning", Journal of
  Big Data 6, 2019. A change must keep the label: a 6 upside down is a 9.
- Texts: Wei & Zou, EMNLP 2019; Belinkov & Bisk, ICLR 2018.
- Sounds: Ko et al., Interspeech 2015; Park et al., Interspeech 2019.

`keras_dl.augment` has the changes, each with its paper.

The lecture says that augmentation does not restrict the capacity of a network but helps it to generalize: the networks
here are the same, to the parameter. They see the changes in training only.

Run it by `keras-dl run augmentation`; `--data mr_polarity` takes texts, `--data spoken_digit` sounds.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from keras_dl.augment import audio, image, text
from keras_dl.augment.mix import compose_mix
from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.data import Data, spectra
from keras_dl.data.prepare import bag_of_words
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Counts, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import tf
from keras_dl.training import Options
from keras_dl.training.quiet import error_rate

NOISE = 5.0  # decibels
TYPOS = 0.3  # of the letters
DIGITS = tuple("0123456789")
MIXED = ("mixup", "cutmix")
NO_GAIN = (
    "no part helps, nor do whole words instead of letters: of 7,000 held-out texts synonyms gain 0.1, deletions -0.5, "
    "swaps 0.2, all -0.4 points (8 other seeds)"
)


def upside_down(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Half of the pictures turned by 180 degrees."""
    turned = tf.random.stateless_uniform([tf.shape(pictures)[0], 1, 1, 1], seed) < 0.5
    return tf.where(turned, pictures[:, ::-1, ::-1], pictures)


def with_noise(sounds: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Noise `NOISE` decibels below each sound."""
    return audio.noisy(sounds, NOISE, seed)


def three_letters(data: Data) -> Data:
    """Which sequences of three characters a text has: of a mistyped word some are left, the word itself is gone."""
    return bag_of_words(data, pieces="characters")


@dataclasses.dataclass(frozen=True)
class Kind:
    """How one kind of data is changed and learned.

    `policies` are changes of (inputs, inputs and labels as the network takes them); `against` is the one that trains
    against the `corruption`, which `corrupt` makes.
    """

    policies: dict[str, tuple[Callable | None, Callable | None]]
    against: str
    corruption: str
    corrupt: Callable
    network: Config
    prepare: Callable[[Data], Data]


def kind_of(data: Data) -> Kind:
    """What the data allow: pictures, texts or sounds. Raises `UsageError` for vectors of numbers."""
    spec = data.spec
    if spec.kind == "image":
        channels = spec.shape[2]
        names = [name for name in image.CHANGES if name != "color" or channels == 3]
        changes = {name: (image.compose((name,), channels), None) for name in names}
        mixes = {name: (None, compose_mix((name,), spec.classes)) for name in MIXED}
        policies = {**changes, **mixes, "upside_down": (upside_down, None)}
        network = get_config("mlp", hidden=(256,))
        return Kind(policies, "shift", "that were moved", image.compose(("shift",)), network, lambda data: data)
    if spec.kind == "text":
        mistype = text.compose(("typos",), TYPOS)
        policies = {name: (text.compose((name,)), None) for name in text.CHANGES} | {"typos": (mistype, None)}
        policies["eda"] = (text.compose(("synonyms", "delete", "swap")), None)
        network = get_config("mlp", hidden=(64,))
        return Kind(policies, "typos", f"with {100 * TYPOS:g} % of letters mistyped", mistype, network, three_letters)
    if spec.kind == "audio":
        policies = {name: (audio.compose((name,)), None) for name in audio.CHANGES}
        policies["spec_augment"] = (None, lambda x, y, key: (audio.spec_augment(x, key), y))
        network = get_config("nakkiran_cnn5", k=4)
        return Kind(policies, "noise", f"with noise {NOISE:g} dB below them", with_noise, network, spectra.pictures)
    raise UsageError(f"{spec.name} has vectors of numbers; pictures, texts or sounds are wanted")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Augmentation(DataExperiment):
    """Test accuracy against the number of labelled examples, for each way to change them."""

    seeds: Count = 3
    """how often each measurement is repeated, with other examples and other initial weights"""
    labels_per_class: Counts = (5, 20, 50)
    """labelled examples of each class to learn from"""
    steps: Count = 300
    """training steps of each fit"""
    batch_size: Count = 64
    """examples per step, or all there are"""
    learning_rate: Positive = 1e-3
    """Adam's"""

    def cells(self) -> list[dict[str, Any]]:
        self._data.train.few(max(self.labels_per_class), 0)
        return [
            {"policy": policy, "labels": labels}
            for policy in ("none", *self._kind.policies)
            for labels in self.labels_per_class
        ]

    def measure(self, *, seed: int, policy: str, labels: int) -> dict[str, Any]:
        options = Options(learning_rate=self.learning_rate, steps_per_execution=20)
        loop = self.quiet(self._kind.network.for_data(self._data.spec), options, self.steps)
        model = loop.begin(seed)
        augment, mix = self._kind.policies.get(policy, (None, None))
        split = self._data.train.few(labels, seed)
        size = min(self.batch_size, len(split))
        loop.fit(split.stream(size, steps=self.steps, seed=seed, augment=augment, mix=mix))
        return {name: 100 - error_rate(model, *test) for name, test in self._tests.items()}

    def claims(self, results: Results) -> list[Claim]:
        few, most, kind = min(self.labels_per_class), max(self.labels_per_class), self._kind

        def values(policy: str, labels: int, key: str = "accuracy") -> np.ndarray:
            return results.values(key, policy=policy, labels=labels)

        def claim(text: str, policy: str, key: str = "accuracy", labels: int = most, **bounds) -> Claim:
            gained = values(policy, labels, key) - values("none", labels, key)
            quantity = f"accuracy gained by {policy}, {labels} labels a class"
            return Claim(text=text, quantity=quantity, measured=gained, unit="points", **bounds)

        keeps = "A change must keep the label"
        robust = "A network is robust against what it was trained with: on test examples"
        found = [claim(f"{robust} {kind.corruption}", kind.against, "corrupted", at_least=2)]
        if "eda" in kind.policies:
            small = "Synonyms, deleted and swapped words help where labels are few (Wei & Zou 2019, table 2)"
            reason = NO_GAIN if (self.data, few) == ("mr_polarity", 250) else ""
            published = "3.0 points for 500 texts"
            found.append(claim(small, "eda", labels=few, published=published, at_least=1, reason=reason))
        if "upside_down" in kind.policies:
            found.append(self._moved(values("none", most), values("shift", most), most))
            found.append(claim(f"{keeps}: turning upside down does not help", "upside_down", at_most=0))
        if "flip" in kind.policies and self.dataset.spec.class_names == DIGITS:
            found.append(claim(f"{keeps}: mirroring digits does not help", "flip", at_most=0))
        return found

    def _moved(self, plain: np.ndarray, shifted: np.ndarray, labels: int) -> Claim:
        fills = "each of these 8x8 digits fills its frame, in training and test alike, so that none is off centre"
        return Claim(
            text="Moving the training pictures lowers the test error (Simard et al. 2003)",
            quantity=f"part of the error that goes away, {labels} labels a class",
            measured=100 * (1 - (100 - shifted) / (100 - plain).mean()),
            at_least=10,
            unit="%",
            reason=fills if self.data == "digits" else "",
        )

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(11, 4.8), layout="constrained")
        figure.suptitle(f"{self.subject}: what each change of the training examples adds, mean of {self.seeds} seeds")
        titles = {"accuracy": "test examples as they are", "corrupted": f"test examples {self._kind.corruption}"}
        for axes, (key, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
            plain = np.array([results.mean(key, policy="none", labels=labels) for labels in self.labels_per_class])
            axes.axhline(0, color="black", linewidth=2, label="none")
            for number, policy in enumerate(self._kind.policies):
                means = [results.mean(key, policy=policy, labels=labels) for labels in self.labels_per_class]
                color, marker = matplotlib.colormaps["tab20"](number), "os^vDP*"[number % 7]
                axes.plot(self.labels_per_class, means - plain, color=color, marker=marker, label=policy)
            ticks = zip(self.labels_per_class, plain, strict=True)
            axes.set(xlabel="labelled examples per class (accuracy without augmentation)", xscale="log", title=title)
            axes.set_xticks(self.labels_per_class, [f"{labels}\n({mean:.1f} %)" for labels, mean in ticks])
            axes.minorticks_off()
            axes.grid(alpha=0.3)
        figure.axes[0].set_ylabel("test accuracy gained, points")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")
        save_figure(figure, folder / "accuracy.png")

    @functools.cached_property
    def _kind(self) -> Kind:
        return kind_of(self.dataset)

    @functools.cached_property
    def _data(self) -> Data:
        return self._kind.prepare(self.dataset)

    @functools.cached_property
    def _tests(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The test split as it is and corrupted: inputs and labels."""
        test, changes = self._data.test, {"accuracy": None, "corrupted": self._kind.corrupt}
        streams = {name: test.stream(len(test), steps=1, seed=0, augment=change) for name, change in changes.items()}
        return {name: next(stream.as_numpy_iterator()) for name, stream in streams.items()}
