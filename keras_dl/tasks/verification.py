"""Verification: are two examples of one class? Also of classes never seen.

Koch, Zemel & Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition", ICML Deep Learning Workshop 2015,
sections 3 and 4, for networks with an `encoder` of an example and a `comparison` of two. A batch has pairs, by turns
two examples of one class and of two; the loss is the cross-entropy of the answer. Validation and test have classes that
training never saw, see `keras_dl.data.unseen`, and so have all other data. Of these are told "equal_error_rate", the
share of errors where as many pairs of one class are taken for two as the other way around, and "accuracy": of episodes
of few classes, where the answer is the class whose known examples are the likeliest to be of one class with what is
asked, by the mean of their logits. Answers say how likely each input is of one class with the first.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.drawn import Pairs
from keras_dl.data.unseen import LABEL
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import BATCH
from keras_dl.learning.unseen_classes import UnseenClasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification(UnseenClasses):
    """Tell whether two examples are of one class."""

    objective = Objective("equal_error_rate", "min")
    scored_each_epoch = True
    parts = ("encoder", "comparison")

    def drawn(self, labels):
        return Pairs(labels)

    def prepare(self, batch, key):
        inputs, labels = super().prepare(batch, key)
        first = {name: values[0::2] for name, values in inputs.items()}
        second = {f"second_{name}": values[1::2] for name, values in inputs.items()}
        return {**first, **second}, tf.cast(labels[0::2] == labels[1::2], "int64")

    def learner(self, network, config, options):
        if options.strategy:
            raise UsageError(f"{self.name} needs both of a pair on one device; leave strategy out")
        return network

    def compiling(self, network, config, options):
        return {
            "loss": keras.losses.BinaryCrossentropy(from_logits=True),
            "weighted_metrics": [keras.metrics.BinaryAccuracy(name="pair_accuracy", threshold=0.0)],
        }

    def scores(self, network, config, split, spec):
        from keras_dl.learning.likeness import drawn_pairs, equal_error_rate
        from keras_dl.learning.probe import outputs

        features, labels = outputs(network.get_layer("encoder"), split), split.columns[LABEL].values
        first, second, same = drawn_pairs(labels)
        likeness = self.compared(network, features[first], features[second])
        told = self.told(features, labels, lambda asked, known: self.compared(network, asked, known))
        return {"equal_error_rate": equal_error_rate(likeness, same), **told}

    def compared(self, network: keras.Model, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The logits that each of the features `first` and `second`, (n, width), are of one class, (n,) float32."""
        logits = network.get_layer("comparison").predict_on_batch({"first": first, "second": second})
        return np.asarray(logits, "float32")[:, 0]

    def answers(self, network, config, inputs, spec):
        x = np.asarray(inputs[spec.input], "float32")
        features = network.get_layer("encoder").predict(x, batch_size=BATCH, verbose=0)
        logits = self.compared(network, features, features[:1].repeat(len(features), axis=0))
        return [{"same_as_first": float(1 / (1 + np.exp(-logit)))} for logit in logits.astype("float64")]
