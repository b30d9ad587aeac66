"""Multi-task learning: one trunk, several heads, and what the other tasks do for the one that counts.

Caruana, "Multitask Learning", Machine Learning 28, 1997, sections 2 and 3: related tasks act as an inductive bias of
the shared representation, and unrelated ones do not.

The task that counts is the class, known for a few pictures only. The related ones are whether its number is odd and
whether it is in the upper half: of the same pictures (`related`), where they tell the trunk nothing that the class does
not tell, or of every training picture (`everywhere`), as when coarse labels are cheap. The control are two tasks of
random labels (`unrelated`). All train the same network in as many steps, on the same few pictures in the same order;
a task that is left out weighs 0.

Run it by `keras-dl run multitask`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl import get_config
from keras_dl.data import Split
from keras_dl.errors import UsageError
from keras_dl.experiments.claims import Claim
from keras_dl.experiments.experiment import DataExperiment, Results
from keras_dl.fields import Count, Counts, Positive
from keras_dl.figures import save_figure
from keras_dl.lazy import keras, tf
from keras_dl.learning.multitask import with_heads
from keras_dl.training.quiet import Quiet

ARMS = {
    "single": "the class alone",
    "related": "with related tasks,\nsame pictures",
    "unrelated": "with random tasks,\nsame pictures",
    "everywhere": "with related tasks,\nall pictures",
}
AUXILIARY = ("odd", "upper")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Multitask(DataExperiment):
    """Learn the class of a few pictures alone, with related tasks, and with tasks of random labels."""

    seeds: Count = 10
    """how often each measurement is repeated, with other pictures, labels and initial weights"""
    network: str = "mlp"
    """name of a network of the catalogue"""
    labels: Counts = (50, 200)
    """numbers of pictures whose class is known"""
    steps: Count = 400
    """training steps"""
    batch_size: Count = 32
    """pictures of known class per training step, and as many of all"""
    learning_rate: Positive = 1e-3
    """Adam's"""

    def cells(self) -> list[dict]:
        if max(self.labels) > len(self.dataset.train):
            raise UsageError(f"labels asks for {max(self.labels)}; {self.data} has {len(self.dataset.train)} pictures")
        return [{"labels": labels, "arm": arm} for labels in self.labels for arm in ARMS]

    @functools.cached_property
    def _learner(self) -> Quiet:
        """The compiled network."""
        model = self._fresh()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        together = math.gcd(self.steps, 50)
        losses = dict.fromkeys(model.output, loss)
        model.compile(keras.optimizers.Adam(self.learning_rate), losses, steps_per_execution=together)
        return Quiet(model)

    def _fresh(self) -> keras.Model:
        spec = self.dataset.spec
        model = get_config(self.network).for_data(spec).build()
        return with_heads(model, {"class": spec.classes, **dict.fromkeys(AUXILIARY, 2)})

    def measure(self, *, seed: int, labels: int, arm: str) -> dict:
        keras.utils.set_random_seed(seed)
        self._learner.restart(self._fresh().get_weights())
        model = self._learner.model
        self._learner.fit(self._batches(seed, labels, arm))
        test = self.dataset.resized(model.input_shape[1:]).test
        right = [model(x, training=False)["class"].numpy().argmax(axis=1) == y for x, y in test.batches(256)]
        return {"accuracy": 100 * float(np.concatenate(right).mean()), "reach": self._reach(model, test)}

    def _batches(self, seed: int, labels: int, arm: str) -> tf.data.Dataset:
        """Pictures of known class, then as many of all; the labels of each task, and what each example weighs there."""
        train = self.dataset.resized(self._learner.model.input_shape[1:]).train
        generator = np.random.default_rng(seed)
        known = generator.choice(len(train), labels, replace=False)
        auxiliary = (train.labels % 2, train.labels >= self.dataset.spec.classes // 2)
        if arm == "unrelated":
            auxiliary = generator.integers(2, size=(2, len(train)))
        tables = {
            task: tf.constant(np.asarray(values, "int64"))
            for task, values in zip(("class", *AUXILIARY), (train.labels, *auxiliary), strict=True)
        }
        only_known = np.repeat([2.0, 0.0], self.batch_size)
        weight = {"single": 0 * only_known, "everywhere": np.ones(2 * self.batch_size)}.get(arm, only_known)
        weights = {"class": only_known, **dict.fromkeys(AUXILIARY, weight)}
        numbered = train.with_labels(np.arange(len(train)))  # an example's label is its place in tables

        def batch(few, every):
            places = tf.concat([few[1], every[1]], axis=0)
            targets = {task: tf.gather(table, places) for task, table in tables.items()}
            return tf.concat([few[0], every[0]], axis=0), targets, weights

        streams = (
            split.stream(self.batch_size, steps=self.steps, seed=seed) for split in (numbered.take(known), numbered)
        )
        return tf.data.Dataset.zip(*streams).map(batch)

    def _reach(self, model: keras.Model, test: Split) -> float:
        """The smallest norm of the gradient that the loss of any head has for any weights of the trunk."""
        x, y = next(iter(test.batches(256)))
        targets = {"class": y, "odd": y % 2, "upper": tf.cast(y >= self.dataset.spec.classes // 2, "int64")}
        trunk = [v for v in model.trainable_variables if not v.path.startswith("head_")]
        norms = []
        for task, labels in targets.items():
            with tf.GradientTape() as tape:
                loss = model.loss[task](labels, model(x)[task])
            norms += [float(tf.norm(gradient)) for gradient in tape.gradient(loss, trunk)]
        return min(norms)

    def claims(self, results: Results) -> list[Claim]:
        most, fewest = max(self.labels), min(self.labels)
        accuracy = {(n, arm): results.values("accuracy", labels=n, arm=arm) for n in self.labels for arm in ARMS}
        return [
            Claim(
                text="The loss of every head reaches the trunk that they share (Caruana 1997, section 1)",
                quantity="smallest gradient norm of any head for any weights of the trunk",
                measured=results.values("reach"),
                at_least=1e-9,
                exact=True,
            ),
            Claim(
                text="Related tasks on the same few pictures do not hurt",
                quantity=f"gain in accuracy over the class alone, {most} pictures of known class",
                measured=accuracy[most, "related"] - accuracy[most, "single"],
                at_least=-0.5,
                unit="points",
            ),
            Claim(
                text="It matters that they are related: random labels help less (Caruana 1997, section 3)",
                quantity=f"accuracy with related tasks less that with random ones, {most} pictures of known class",
                measured=accuracy[most, "related"] - accuracy[most, "unrelated"],
                at_least=0,
                unit="points",
            ),
            Claim(
                text="Related tasks that are known of more pictures help the one that is known of few",
                quantity=f"gain in accuracy over the class alone, {fewest} pictures of known class",
                measured=accuracy[fewest, "everywhere"] - accuracy[fewest, "single"],
                at_least=2,
                unit="points",
            ),
        ]

    def draw(self, results: Results, folder: Path) -> None:
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.subplots()
        width = 0.8 / len(self.labels)
        for number, labels in enumerate(self.labels):
            values = np.stack([results.values("accuracy", labels=labels, arm=arm) for arm in ARMS])
            place = np.arange(len(ARMS)) + width * (number - (len(self.labels) - 1) / 2)
            label = f"{labels} pictures of known class"
            axes.bar(place, values.mean(axis=1), 0.95 * width, yerr=values.std(axis=1), capsize=3, label=label)
            axes.axhline(values[0].mean(), color=f"C{number}", linewidth=0.8, linestyle=":")
        low = 10 * (min(results.values("accuracy")) // 10)
        axes.set_xticks(range(len(ARMS)), ARMS.values())
        axes.set(ylabel="test accuracy of the class, %", ylim=(low, 100))
        axes.set_title(f"{self.network} on {self.subject}")
        axes.grid(alpha=0.3, axis="y")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.32), ncols=2)
        save_figure(figure, folder / "tasks.png")
