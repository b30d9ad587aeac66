"""A network and a projection of its features that brings two views of a picture together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.lazy import keras
from keras_dl.learning.contrastive import nt_xent
from keras_dl.learning.encoders import trained_encoder
from keras_dl.learning.learner import Learner

if TYPE_CHECKING:
    from keras_dl.config import Config

ops = keras.ops
PROJECTION = "projection"


def has_projection(network: keras.Model) -> bool:
    """Whether the projection of its features is a part of `network`."""
    return any(layer.name == PROJECTION and isinstance(layer, keras.Model) for layer in network.layers)


class TwoViews(Learner):
    """Trains a `network` up to its head, which stands still, by SimCLR's loss on a projection of its features.

    x are the two views of each picture, (batch, 2, height, width, channels). The projection is the part of the network
    called so; where it has none, two dense layers of `width` units are the learner's own. "found" is the share of views
    that are nearest to the other of their picture.
    """

    losses_named = ("nt_xent",)
    logged = ("found",)

    def __init__(self, network: keras.Model, config: Config, temperature: float, hardness: float, width: int):
        super().__init__(network)
        self.temperature, self.hardness = temperature, hardness
        self.encoder = trained_encoder(network, config)
        self.by_network_alone = has_projection(network)
        if self.by_network_alone:
            self.projection = network.get_layer(PROJECTION)
            return
        self.projection = keras.Sequential(
            [
                keras.Input((self.encoder.output_shape[-1],)),
                keras.layers.Dense(width, activation="relu", name="hidden"),
                keras.layers.Dense(width, use_bias=False, name="projection"),
            ],
            name=PROJECTION,
        )

    def call(self, x, training=None):
        """(batch, 2, height, width, channels) -> (2 batch, width) float32, first all first views, then all second."""
        views = ops.concatenate([x[:, 0], x[:, 1]], axis=0)
        features = ops.cast(self.encoder(views, training=training), "float32")
        return self.projection(features, training=training)

    def named_losses(self, x, y, outputs, weights, training):
        return {"nt_xent": nt_xent(outputs, self.temperature, self.hardness)}

    def measures(self, x, y, outputs, weights):
        views = ops.normalize(outputs, axis=-1)
        count = ops.shape(views)[0]
        cosines = ops.matmul(views, ops.transpose(views)) - 2 * ops.eye(count)
        partners = (ops.arange(count) + count // 2) % count
        return {"found": ops.mean(ops.cast(ops.equal(ops.argmax(cosines, axis=-1), partners), "float32"))}

    def count(self, x, y, weights):
        return ops.shape(x)[0]
