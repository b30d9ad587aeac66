"""Classification: one class of several for each input.

The loss follows the output that the network declares. Logits and probabilities get cross-entropy, a single output
binary cross-entropy, and sigmoid or tanh outputs of several classes the squared error to one-hot targets, as the
networks of 1989 were trained. Auxiliary outputs, such as those of GoogLeNet, learn the same labels.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np

from keras_dl.lazy import keras
from keras_dl.learning.objective import ACCURACY, LOSS
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classification(Task):
    """Tell the class of an input."""

    objective = ACCURACY
    monitor = LOSS
    wants = (("class",),)

    class_weights: Literal["balanced"] | None = None
    """balanced: in training each class counts as much as any other, however few examples it has"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        if self.class_weights is None:
            return config, data
        from keras_dl.data.class_weights import balanced

        return config, balanced(data)

    def prepare(self, batch, key):
        x = {name: values for name, values in batch.items() if name not in ("label", "weight")}
        return (x, batch["label"], batch["weight"]) if "weight" in batch else (x, batch["label"])

    def learner(self, network, config, options):
        if not isinstance(network.output, dict):
            return network
        from keras_dl.learning.auxiliary import WithAuxiliaries

        return WithAuxiliaries(network, _loss(config, options.label_smoothing))

    def compiling(self, network, config, options):
        if isinstance(network.output, dict):
            return {}
        return {"loss": _loss(config, options.label_smoothing), "weighted_metrics": [_metric(config)]}

    def answers(self, network, inputs, spec):
        probabilities = self.probabilities(network, inputs)
        names = spec.class_names or tuple(map(str, range(probabilities.shape[-1])))
        return [
            {
                "class": names[row.argmax()],
                "probabilities": {names[place]: float(row[place]) for place in np.argsort(-row, kind="stable")},
            }
            for row in probabilities
        ]


def _loss(config: Any, smoothing: float) -> keras.losses.Loss:
    from keras_dl.learning.labels import CrossEntropy
    from keras_dl.learning.squared_error import OneHotSquaredError

    activation = getattr(config, "classifier_activation", None)
    if config.classes == 1:
        return keras.losses.BinaryCrossentropy(from_logits=activation is None, label_smoothing=smoothing)
    if activation in ("sigmoid", "tanh"):
        return OneHotSquaredError(low=0.0 if activation == "sigmoid" else -1.0, label_smoothing=smoothing)
    return CrossEntropy(from_logits=activation is None, label_smoothing=smoothing)


def _metric(config: Any) -> keras.metrics.Metric:
    from keras_dl.learning.labels import accuracy

    if config.classes > 1:
        return accuracy()
    activation = getattr(config, "classifier_activation", None)
    return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.5 if activation == "sigmoid" else 0.0)
