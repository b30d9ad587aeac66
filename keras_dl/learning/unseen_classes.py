"""What tasks share whose networks are to tell apart classes that they never saw."""

from __future__ import annotations

import abc
import dataclasses
from typing import Annotated

import numpy as np

from keras_dl.augment.quarters import TURNS, turned
from keras_dl.data.dataset import SPLITS
from keras_dl.data.drawn import Drawn, Episodes
from keras_dl.data.unseen import LABEL, divided, never_seen
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Fraction, at_least
from keras_dl.lazy import tf
from keras_dl.learning.few_shot import Likeness, accuracies, interval
from keras_dl.learning.task import Task

WAYS = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnseenClasses(Task):
    """Training draws batches by class; validation and test have classes that it never saw, and so have other data.

    A subclass says by `drawn` which examples make a batch. Networks are measured by episodes of few classes: of each
    some examples are known, and the others are to be told (Vinyals et al., "Matching Networks for One Shot Learning",
    NeurIPS 2016).
    """

    wants = (("image", "features", "audio"), ("class",))

    shots: Count = 1
    """examples of a class that are known in an episode"""
    queries: Count = 5
    """further examples of each class, to be told"""
    ways: Annotated[int, at_least(2)] | None = None
    """classes of an episode that is measured, by default 5, or all unseen ones where there are fewer"""
    episodes: Annotated[int, at_least(2)] = 600
    """how many are measured"""
    unseen: Fraction = 0.35
    """share of the classes that training never sees"""
    turned: bool = False
    """whether turns by quarters make classes of their own in training: each class of a batch is seen in one of them"""

    @abc.abstractmethod
    def drawn(self, labels: np.ndarray) -> Drawn:
        """How batches are drawn from examples of the classes `labels`, (n,)."""

    def encoded(self, config, data, like=None):
        """`data` divided by class, its batches drawn by class."""
        raw = super().encoded(config, data, like)
        if raw.spec.find("class") != LABEL:
            raise UsageError(f"{self.name} needs one class an example, the column {LABEL}; {raw.spec.name} has others")
        data = self._divided(raw, like)
        splits = {}
        for name in SPLITS:
            split = getattr(data, name)
            labels = split.columns[LABEL].values
            try:
                classes = len(Episodes(labels, self.shots + self.queries).members)
                drawn = self.drawn(labels)
            except UsageError as error:
                raise UsageError(f"{error}, in {name} of {data.spec.name}; give less shots or queries") from None
            if name != "train" and self.ways is not None and self.ways > classes:
                raise UsageError(f"{name} of {data.spec.name} has {classes} classes; ways={self.ways} is more")
            splits[name] = dataclasses.replace(split, drawn=drawn)
        reread = None if raw.reread is None else lambda *size: self.encoded(config, raw.reread(*size), like)
        return dataclasses.replace(data, reread=reread, **splits)

    def _divided(self, data, like):
        if like is None or data.spec.class_names == like.class_names:
            found = divided(data, self.unseen)
            if like is None or found.spec.columns[LABEL].seen == like.columns[LABEL].seen:
                return found
        return never_seen(data, like)

    def sized(self, config, data):
        data = super().sized(config, data)
        if self.turned and (data.spec.kind != "image" or data.spec.shape[0] != data.spec.shape[1]):
            raise UsageError(f"turned is for square pictures; those of {data.spec.name} are {data.spec.shape}")
        return data

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name != LABEL}

    def prepare(self, batch, key):
        inputs = self.inputs(batch)
        if self.turned and key is not None:
            _, classes = tf.unique(batch[LABEL])
            turns = tf.random.stateless_uniform(tf.shape(classes), key, maxval=TURNS, dtype="int32")
            inputs = {**inputs, "image": turned(inputs["image"], tf.gather(turns, classes))}
        return inputs, batch[LABEL]

    def arrange(self, network):
        """The classes are of features, whatever the outputs of `network` are."""

        def arranged(batch, key):
            x, labels = self.prepare(batch, key)
            return self.taken(network, x), labels

        return arranged

    def told(self, features: np.ndarray, labels: np.ndarray, likeness: Likeness | None = None) -> dict[str, float]:
        """The mean accuracy of the episodes, its 95 % confidence "interval", plus or minus, and what they were of.

        A class is told by `features`, (n, width), of its known examples: by the nearest mean, or as `accuracies` says.
        """
        ways = self.ways or min(WAYS, len(np.unique(labels)))
        size = {"ways": ways, "shots": self.shots, "queries": self.queries, "likeness": likeness}
        found = accuracies(features, labels, **size, count=self.episodes, seed=0)
        return {"accuracy": float(found.mean()), "interval": interval(found), "ways": ways, "shots": self.shots}
