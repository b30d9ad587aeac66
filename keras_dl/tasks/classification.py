"""Classification: one class of several for each input.

The loss follows the output that the network declares. Logits and probabilities get cross-entropy, a single output
binary cross-entropy, and sigmoid or tanh outputs of several classes the squared error to one-hot targets, as the
networks of 1989 were trained. Auxiliary outputs, such as those of GoogLeNet, learn the same labels.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from keras_dl.data.bounded import read_as
from keras_dl.data.tokenized import TOKENS, with_masks
from keras_dl.data.vocabulary import Pieces
from keras_dl.errors import UsageError, some
from keras_dl.fields import Count
from keras_dl.lazy import keras
from keras_dl.learning.objective import ACCURACY, LOSS
from keras_dl.learning.probabilities import probabilities
from keras_dl.learning.task import Task

if TYPE_CHECKING:
    from keras_dl.config import Config
    from keras_dl.training import Options


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classification(Task):
    """Tell the class of an input."""

    objective = ACCURACY
    monitor = LOSS
    wants = (("class",),)
    needs_classes = True
    head = "text"

    pieces: Pieces | None = None
    """what texts are made of, for networks that take tokens; by default words, and wordpiece for BERT"""
    vocabulary_size: Count | None = None
    """most tokens of texts, the frequent ones; by default all words or characters, and 4,000 of bpe or wordpiece"""
    vocabulary: str | None = None
    """file of a published vocabulary in place of these, vocab.txt, vocab.json or tokenizer.json, or a saved model"""
    class_weights: Literal["balanced"] | None = None
    """balanced: in training each class counts as much as any other, however few examples it has"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        if self.class_weights is None:
            return config, data
        from keras_dl.data.class_weights import balanced

        return config, balanced(data)

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if like is not None and data.spec.class_names != like.class_names:
            ours, theirs = some(like.class_names), some(data.spec.class_names)
            raise UsageError(f"the model tells the classes {ours}; {data.spec.name} has {theirs}")
        if data.spec.kind == "text" and hasattr(config, "vocabulary_size"):
            settings = {"pieces": self.pieces, "size": self.vocabulary_size, "file": self.vocabulary}
            return read_as(config, data, like, **settings)
        return data

    def inputs(self, batch):
        return with_masks({name: values for name, values in batch.items() if name not in ("label", "weight")})

    def prepare(self, batch, key):
        x, y = self.inputs(batch), batch["label"]
        return (x, y, batch["weight"]) if "weight" in batch else (x, y)

    def learner(self, network, config, options):
        if not isinstance(network.output, dict):
            return network
        if len({output.shape[-1] for output in network.output.values()}) > 1:
            raise UsageError(f"{network.name} tells more than classes; it learns by --task {config.task}")
        from keras_dl.learning.auxiliary import WithAuxiliaries

        return WithAuxiliaries(network, _loss(config, options.label_smoothing))

    def compiling(self, network, config, options):
        if isinstance(network.output, dict):
            return {}
        return judged(config, options)

    def probabilities(self, network: keras.Model, config: Config, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Those of the classes, (n, classes), for examples `inputs` by column."""
        outputs = self.outputs(network, inputs)
        outputs = outputs["head"] if isinstance(outputs, dict) else outputs
        return probabilities(outputs, getattr(config, "classifier_activation", None))

    def answers(self, network, config, inputs, spec):
        names = spec.class_names or tuple(map(str, range(spec.classes)))
        return [
            {
                "class": names[row.argmax()],
                "probabilities": {names[place]: float(row[place]) for place in np.argsort(-row, kind="stable")},
            }
            for row in self.probabilities(network, config, inputs)
        ]

    def asked(self, network, inputs):
        return self.outputs(network, inputs).argmax(axis=-1)[:, None], np.zeros(len(inputs[TOKENS]), int)


def judged(config: Config, options: Options) -> dict[str, Any]:
    """The loss and the accuracy of a network with one output for each class, as arguments of Keras's `compile`."""
    return {"loss": _loss(config, options.label_smoothing), "weighted_metrics": [_metric(config)]}


def _loss(config: Config, smoothing: float) -> keras.losses.Loss:
    from keras_dl.learning.labels import CrossEntropy
    from keras_dl.learning.squared_error import OneHotSquaredError

    activation = getattr(config, "classifier_activation", None)
    if config.classes == 1:
        return keras.losses.BinaryCrossentropy(from_logits=activation is None, label_smoothing=smoothing)
    if activation in ("sigmoid", "tanh"):
        return OneHotSquaredError(low=0.0 if activation == "sigmoid" else -1.0, label_smoothing=smoothing)
    return CrossEntropy(from_logits=activation is None, label_smoothing=smoothing)


def _metric(config: Config) -> keras.metrics.Metric:
    from keras_dl.learning.labels import accuracy

    if config.classes > 1:
        return accuracy()
    activation = getattr(config, "classifier_activation", None)
    return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.5 if activation == "sigmoid" else 0.0)
