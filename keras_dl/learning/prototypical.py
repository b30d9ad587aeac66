"""A network that learns by episodes, and its head, which tells the training classes by their prototypes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_dl.lazy import keras
from keras_dl.learning.encoders import HEAD, trained_encoder
from keras_dl.learning.few_shot import episode_logits
from keras_dl.learning.learner import Learner
from keras_dl.learning.probe import outputs

if TYPE_CHECKING:
    from keras_dl.config import Config
    from keras_dl.data import Split

ops = keras.ops
SUPPORT = 100
"""examples, at most, of each class that make the prototypes of the head"""
NEVER = -1e30
"""the bias of classes without a prototype"""


class PrototypicalLearner(Learner):
    """Trains a `network` up to its head by episodes of `shots` + `queries` examples a class, class by class.

    The loss is the cross-entropy of the softmax over minus the squared distances of the queries to the class means. A
    head that is a dense layer gets the weights of the same classifier of the training classes after each epoch: 2 c for
    the prototype c and the bias -c'c (Snell et al. 2017, section 2.4).
    """

    losses_named = ("cross_entropy",)
    logged = ("episode_accuracy",)

    def __init__(self, network: keras.Model, config: Config, shots: int, queries: int):
        super().__init__(network)
        self.shots, self.queries = shots, queries
        self.encoder = trained_encoder(network, config)

    def call(self, x, training=None):
        """Inputs (ways * (shots + queries), ...) -> features (ways, shots + queries, width) float32."""
        features = ops.cast(self.encoder(x, training=training), "float32")
        return ops.reshape(features, (-1, self.shots + self.queries, features.shape[-1]))

    def named_losses(self, x, y, outputs, weights, training):
        logits, own = self._named(outputs)
        return {"cross_entropy": ops.mean(keras.losses.sparse_categorical_crossentropy(own, logits, from_logits=True))}

    def measures(self, x, y, outputs, weights):
        logits, own = self._named(outputs)
        return {"episode_accuracy": ops.mean(ops.cast(ops.equal(ops.argmax(logits, axis=-1), own), "float32"))}

    def _named(self, features):
        """The logits of the queries, and the places of their classes, int32 (ways * queries,)."""
        own = ops.repeat(ops.arange(ops.shape(features)[0], dtype="int32"), self.queries)
        return episode_logits(features, self.shots), own

    def callbacks(self, data):
        head = next((layer for layer in self.network.layers if layer.name == HEAD), None)
        classes = data.spec.classes
        return [Prototypes(self.encoder, head, few_of_each(data.train))] if takes_prototypes(head, classes) else []


def takes_prototypes(head: keras.layers.Layer | None, classes: int) -> bool:
    """Whether `head` is a linear layer with a bias and an output for each of the `classes`."""
    dense = isinstance(head, keras.layers.Dense) and head.use_bias and head.activation is keras.activations.linear
    return dense and head.units == classes


def few_of_each(split: Split) -> Split:
    """The first `SUPPORT` examples of each class, in order."""
    labels = split.columns["label"].values
    return split.take(np.concatenate([np.flatnonzero(labels == label)[:SUPPORT] for label in np.unique(labels)]))


class Prototypes(keras.callbacks.Callback):
    """After each epoch `head` gets the prototypes of the classes of `support`, in what `encoder` makes of it."""

    def __init__(self, encoder: keras.Model, head: keras.layers.Dense, support: Split):
        super().__init__()
        self._encoder, self._head, self._support = encoder, head, support

    def get_state(self):
        return {}

    def set_state(self, state):
        pass

    def on_epoch_end(self, epoch, logs=None):
        features, labels = outputs(self._encoder, self._support), self._support.columns["label"].values
        kernel = np.zeros(self._head.kernel.shape, "float32")
        bias = np.full(self._head.bias.shape, NEVER, "float32")
        for label in np.unique(labels):
            prototype = features[labels == label].mean(axis=0, dtype="float64")
            kernel[:, label], bias[label] = 2 * prototype, -np.square(prototype).sum()
        self._head.kernel.assign(kernel)
        self._head.bias.assign(bias)
