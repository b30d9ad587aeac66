"""Triplets: features of length 1, of which those of one class are nearer to each other than to any other class.

Schroff, Kalenichenko & Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015, section
3. A batch has some examples of each of as many classes as it can hold. Each two of one class make a triplet with one of
another class: the nearest that is farther than they are from each other, "semi-hard". Validation and test have classes
that training never saw, see `keras_dl.data.unseen`, and so have all other data. Of these are told "equal_error_rate",
the share of errors where as many pairs of one class are taken for two as the other way around, by the distance of two
features, and "accuracy", as in prototypical learning. Answers are features, and how far each input is from the first.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import numpy as np

from keras_dl.data.drawn import Episodes
from keras_dl.data.unseen import LABEL
from keras_dl.errors import UsageError
from keras_dl.fields import Positive, at_least
from keras_dl.learning.objective import Objective
from keras_dl.learning.unseen_classes import UnseenClasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Triplets(UnseenClasses):
    """Tell whether two examples are of one class by how far their features are apart."""

    objective = Objective("equal_error_rate", "min")
    scored_each_epoch = True

    margin: Positive = 0.2
    """by how much another class has to be farther, in squared distances"""
    each: Annotated[int, at_least(2)] = 4
    """examples of a class in a batch"""

    def drawn(self, labels):
        return Episodes(labels, self.each)

    def learner(self, network, config, options):
        from keras_dl.learning.triplets import Triplets as Learner

        if options.strategy:
            raise UsageError(f"{self.name} needs the whole of a batch on one device; leave strategy out")
        return Learner(network, config, self.margin)

    def example(self, network, count):
        classes = max(1, count // self.each)
        x, _ = super().example(network, classes * self.each)
        return x, np.repeat(np.arange(classes), self.each)

    def scores(self, network, config, split, spec):
        from keras_dl.learning.encoders import encoder_of
        from keras_dl.learning.likeness import drawn_pairs, equal_error_rate
        from keras_dl.learning.probe import outputs

        features, labels = unit(outputs(encoder_of(network, config), split)), split.columns[LABEL].values
        first, second, same = drawn_pairs(labels)
        likeness = (features[first] * features[second]).sum(axis=1)
        return {"equal_error_rate": equal_error_rate(likeness, same), **self.told(features, labels)}

    def answers(self, network, config, inputs, spec):
        from keras_dl.learning.encoders import encoder_of

        features = unit(np.asarray(self.outputs(encoder_of(network, config), inputs), "float32"))
        distances = np.linalg.norm(features - features[:1], axis=1)
        return [
            {"distance_to_first": float(distance), "embedding": row.tolist()}
            for distance, row in zip(distances, features, strict=True)
        ]


def unit(features: np.ndarray) -> np.ndarray:
    """`features` (n, width) of length 1."""
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
