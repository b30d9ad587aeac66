"""Prototypical learning: features in which a class is told by the mean of a few examples, even one never seen.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, sections 2 and 3. A step is an
episode: of as many classes as a batch can hold some examples make the means, the prototypes, and the others are to be
told by the nearest of them. Validation and test have classes that training never saw, see `keras_dl.data.unseen`, and
so have all other data. They are measured by the paper's test: the mean of many episodes of few classes, "accuracy",
with its 95 % confidence "interval", plus or minus. Answers are features, and the training class of the nearest mean.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import numpy as np

from keras_dl.data.dataset import SPLITS
from keras_dl.data.drawn import Episodes
from keras_dl.data.unseen import LABEL, divided, never_seen
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Fraction, at_least
from keras_dl.learning.few_shot import accuracies, interval
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import Task

WAYS = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prototypical(Task):
    """Tell classes never seen after a few examples of each."""

    objective = Objective("accuracy", "max", worst=0.0)
    scored_each_epoch = True
    wants = (("image", "features", "audio"), ("class",))

    shots: Count = 1
    """examples that make the prototype of a class"""
    queries: Count = 5
    """further examples of each class, to be told"""
    ways: Annotated[int, at_least(2)] | None = None
    """classes of an episode that is measured, by default 5, or all unseen ones where there are fewer; episodes of the
    training have as many as `batch_size` holds, at most all"""
    episodes: Annotated[int, at_least(2)] = 600
    """how many are measured"""
    unseen: Fraction = 0.35
    """share of the classes that training never sees"""

    def encoded(self, config, data, like=None):
        """`data` divided by class, its batches episodes."""
        raw = super().encoded(config, data, like)
        if raw.spec.find("class") != LABEL:
            raise UsageError(f"{self.name} needs one class an example, the column {LABEL}; {raw.spec.name} has others")
        data = self._divided(raw, like)
        splits = {}
        for name in SPLITS:
            split = getattr(data, name)
            try:
                drawn = Episodes(split.columns[LABEL].values, self.shots + self.queries)
            except UsageError as error:
                raise UsageError(f"{error}, in {name} of {data.spec.name}; give less shots or queries") from None
            if name != "train" and self.ways is not None and self.ways > len(drawn.members):
                raise UsageError(
                    f"{name} of {data.spec.name} has {len(drawn.members)} classes; ways={self.ways} is more"
                )
            splits[name] = dataclasses.replace(split, drawn=drawn)
        reread = None if raw.reread is None else lambda *size: self.encoded(config, raw.reread(*size), like)
        return dataclasses.replace(data, reread=reread, **splits)

    def _divided(self, data, like):
        if like is None or data.spec.class_names == like.class_names:
            found = divided(data, self.unseen)
            if like is None or found.spec.columns[LABEL].seen == like.columns[LABEL].seen:
                return found
        return never_seen(data, like)

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name != LABEL}

    def prepare(self, batch, key):
        return self.inputs(batch), batch[LABEL]

    def learner(self, network, config, options):
        from keras_dl.learning.prototypical import PrototypicalLearner

        if options.strategy:
            raise UsageError(f"{self.name} needs the whole of an episode on one device; leave strategy out")
        return PrototypicalLearner(network, self.shots, self.queries)

    def example(self, network, count):
        each = self.shots + self.queries
        ways = max(1, count // each)
        x, _ = super().example(network, ways * each)
        return x, np.repeat(np.arange(ways), each)

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import outputs
        from keras_dl.learning.prototypical import encoder_of

        labels = split.columns[LABEL].values
        ways = self.ways or min(WAYS, len(np.unique(labels)))
        features = outputs(encoder_of(network), split)
        size = {"ways": ways, "shots": self.shots, "queries": self.queries}
        found = accuracies(features, labels, **size, count=self.episodes, seed=0)
        return {"accuracy": float(found.mean()), "interval": interval(found), "ways": ways, "shots": self.shots}

    def answers(self, network, config, inputs, spec):
        from keras_dl.learning.prototypical import HEAD, NEVER, encoder_of, takes_prototypes

        encoder = encoder_of(network)
        features = np.asarray(self.outputs(encoder, inputs), "float32")
        found = [{"embedding": row.tolist()} for row in features]
        head = None if encoder is network else network.get_layer(HEAD)
        if not takes_prototypes(head, spec.classes):
            return found
        kernel, bias = (np.asarray(values, "float32") for values in head.get_weights())
        logits = features @ kernel + bias
        shares = np.exp(logits - logits.max(axis=1, keepdims=True)) * (bias > NEVER)
        shares /= shares.sum(axis=1, keepdims=True)
        names = spec.class_names or tuple(map(str, range(spec.classes)))
        order = np.argsort(-shares, axis=1, kind="stable")
        return [
            {"class": names[places[0]], "probabilities": {names[place]: float(row[place]) for place in places}, **one}
            for row, places, one in zip(shares, order, found, strict=True)
        ]
