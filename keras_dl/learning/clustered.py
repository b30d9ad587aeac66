"""A network that learns the clusters of its own features, which are found anew from time to time.

Caron, Bojanowski, Joulin & Douze, "Deep Clustering for Unsupervised Learning of Visual Features", ECCV 2018.
"""

from __future__ import annotations

import numpy as np

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning import clusters
from keras_dl.learning.labels import hits
from keras_dl.learning.learner import Learner, weighted_mean
from keras_dl.learning.probe import outputs

ops = keras.ops
DIRECTIONS = ("_momentums", "momentums", "_accumulated_gradients")
"""what optimizers of Keras remember of the ways that weights went; how long the steps were may stay"""


class Clustered(Learner):
    """Trains `network`, with a logit for each cluster, to name the cluster of a picture when it sees a change of it.

    x are pictures as they are and as they were changed, (batch, 2, height, width, channels). The cluster of a picture
    is that of the centroid which is nearest to its features, for the encoder as it was when the clusters were found:
    `then`, of the same form. So pictures that took no part in it have clusters too. In the loss a picture counts by the
    inverse of the size of its cluster (section 3.3), on average 1.
    """

    losses_named = ("cluster_loss",)
    logged = ("accuracy",)
    by_network_alone = False

    def __init__(self, network: keras.Model, then: keras.Model, loss: keras.losses.Loss, reassign: int):
        """`then` is another network of the same config; `reassign` is how many epochs the clusters stay.

        Raises `UsageError` for heads that cannot begin anew.
        """
        super().__init__(network)
        self.encoder, self.then = surgery.embedding(network), surgery.embedding(then)
        self.then.trainable = False
        self.reassign = reassign
        self.head, self.loss_of = network.get_layer("head"), loss
        if not isinstance(self.head, keras.layers.Dense) or isinstance(network.output, dict):
            raise UsageError(f"clustering begins one dense head anew before each epoch; {network.name} has another")
        features, count = self.head.kernel.shape
        width = clusters.width_for(features)
        shapes = {
            "mean": (features,),
            "projection": (features, width),
            "centroids": (count, width),
            "weights": (count,),
        }
        self.found = {
            name: self.add_weight(shape=shape, initializer="zeros", dtype="float32", trainable=False, name=name)
            for name, shape in shapes.items()
        }

    def call(self, x, training=None):
        return self.network(x[:, 1], training=training)

    def callbacks(self, data):
        self.pictures = data.train
        return []

    def begin_epoch(self, epoch, seed):
        if epoch % self.reassign:
            return
        begin = int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
        self.find(outputs(self.encoder, self.pictures), begin)

    def find(self, features: np.ndarray, seed: int) -> clusters.Clusters:
        """Find the clusters of `features`, those of all training pictures now, and begin the head anew by `seed`."""
        found = clusters.find(features, self.head.units, seed)
        there = found.counts > 0
        weights = np.where(there, len(features) / (there.sum() * np.maximum(found.counts, 1)), 0)
        values = {**vars(found), "weights": weights}
        for name, variable in self.found.items():
            variable.assign(values[name])
        for theirs, ours in zip(self.then.variables, self.encoder.variables, strict=True):
            theirs.assign(ops.convert_to_numpy(ours))  # on JAX the two would be one otherwise
        self.head.kernel.assign(keras.initializers.GlorotUniform(seed)(self.head.kernel.shape))
        if self.head.use_bias:
            self.head.bias.assign(np.zeros(self.head.units))
        forget(self.optimizer, self.head.trainable_variables)
        return found

    def clusters_of(self, pictures):
        """The number of the cluster of each of `pictures`, (batch,) int32."""
        features = ops.cast(self.then(pictures, training=False), "float32")
        projected = ops.matmul(features - self.found["mean"], self.found["projection"])
        lengths = ops.sqrt(ops.sum(ops.square(projected), axis=1, keepdims=True))
        directions = projected / ops.maximum(lengths, 1e-12)
        centroids = self.found["centroids"]
        distances = ops.sum(ops.square(centroids), axis=1) - 2 * ops.matmul(directions, ops.transpose(centroids))
        return ops.argmin(distances, axis=1)

    def named_losses(self, x, y, outputs, weights, training):
        self._named = ops.stop_gradient(self.clusters_of(x[:, 0]))
        outputs = ops.cast(outputs, "float32")
        losses = self.loss_of.call(self._named, outputs) * ops.take(self.found["weights"], self._named)
        return {"cluster_loss": weighted_mean(losses, weights)}

    def measures(self, x, y, outputs, weights):
        return {"accuracy": weighted_mean(hits(self._named, outputs), weights)}


def forget(optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]) -> None:
    """Let `optimizer` go no further where `variables` went before they began anew, and average them from here on."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not optimizer.built:
        return
    for variable in variables:
        place = optimizer._get_variable_index(variable)
        for name in DIRECTIONS:
            if slots := getattr(optimizer, name, None):
                slots[place].assign(np.zeros(slots[place].shape))
        if optimizer.use_ema:
            optimizer._model_variables_moving_average[place].assign(ops.convert_to_numpy(variable))
