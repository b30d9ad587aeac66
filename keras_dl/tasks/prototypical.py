"""Prototypical learning: features in which a class is told by the mean of a few examples, even one never seen.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, sections 2 and 3. A step is an
episode: of as many classes as a batch can hold, at most all, some examples make the means, the prototypes, and the
others are to be told by the nearest of them. Validation and test have classes that training never saw, see
`keras_dl.data.unseen`, and so have all other data. They are measured by the paper's test: the mean of many episodes of
few classes, "accuracy", with its 95 % confidence "interval", plus or minus. Answers are features, and the training
class of the nearest mean.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.drawn import Episodes
from keras_dl.data.unseen import LABEL
from keras_dl.errors import UsageError
from keras_dl.learning.objective import Objective
from keras_dl.learning.unseen_classes import UnseenClasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prototypical(UnseenClasses):
    """Tell classes never seen after a few examples of each."""

    objective = Objective("accuracy", "max", worst=0.0)
    scored_each_epoch = True

    def drawn(self, labels):
        return Episodes(labels, self.shots + self.queries)

    def learner(self, network, config, options):
        from keras_dl.learning.prototypical import PrototypicalLearner

        if options.strategy:
            raise UsageError(f"{self.name} needs the whole of an episode on one device; leave strategy out")
        return PrototypicalLearner(network, config, self.shots, self.queries)

    def example(self, network, count):
        each = self.shots + self.queries
        ways = max(1, count // each)
        x, _ = super().example(network, ways * each)
        return x, np.repeat(np.arange(ways), each)

    def scores(self, network, config, split, spec):
        from keras_dl.learning.encoders import encoder_of
        from keras_dl.learning.probe import outputs

        return self.told(outputs(encoder_of(network, config), split), split.columns[LABEL].values)

    def answers(self, network, config, inputs, spec):
        from keras_dl.learning.encoders import HEAD, encoder_of
        from keras_dl.learning.prototypical import NEVER, takes_prototypes

        encoder = encoder_of(network, config)
        features = np.asarray(self.outputs(encoder, inputs), "float32")
        found = [{"embedding": row.tolist()} for row in features]
        head = next((layer for layer in network.layers if layer.name == HEAD), None)
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
