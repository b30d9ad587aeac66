"""A network of fixed features whose linear output is solved for, from sums over an epoch."""

from __future__ import annotations

import numpy as np

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner
from keras_dl.learning.least_squares import solved

ops = keras.ops


def is_linear(network: keras.Model) -> bool:
    """Whether the output of `network` is that of the layer "head", a product with a kernel and nothing else."""
    head = network.layers[-1]
    is_dense = isinstance(head, keras.layers.Dense) and head.name == "head"
    return is_dense and not head.use_bias and head.activation is keras.activations.linear


class NormalEquations(Learner):
    """Sums F'F and F'Y of the features F and targets Y of an epoch, in float64, and solves them at its end.

    Y are labels (batch,) or numbers (batch, outputs). What is logged while training is of the output as it was.
    """

    losses_named = ("squared_error",)

    def __init__(self, network: keras.Model, ridge: float, seed: int):
        super().__init__(network)
        self.ridge, self.seed = ridge, seed
        self.head = network.get_layer("head")
        self.features = surgery.embedding(network)
        self.r2_score = keras.metrics.R2Score(name="r2_score")
        features, outputs = self.head.kernel.shape
        sums = {"initializer": "zeros", "dtype": "float64", "trainable": False}
        self.products = self.add_weight(shape=(features, features), name="products", **sums)
        self.moments = self.add_weight(shape=(features, outputs), name="moments", **sums)

    def begin_epoch(self, epoch, seed):
        self.products.assign(ops.zeros_like(self.products))
        self.moments.assign(ops.zeros_like(self.moments))

    def callbacks(self, data):
        self._remember(data.train)
        return [Solving(self)]

    def _remember(self, split) -> None:
        """Give layers that store examples some of `split`, drawn by the seed."""
        for layer in self.network.layers:
            if not hasattr(layer, "remember"):
                continue
            if layer.count > len(split):
                raise UsageError(f"{self.network.name} stores {layer.count:,} examples, there are {len(split):,}")
            chosen = np.random.default_rng(self.seed).permutation(len(split))[: layer.count]
            read = keras.Model(self.network.input, layer.input)
            layer.remember(ops.convert_to_numpy(read(split.take(chosen).inputs())))

    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        targets, features = self._targets(y), ops.cast(self.features(x, training=False), "float64")
        self.products.assign_add(ops.matmul(ops.transpose(features), features))
        self.moments.assign_add(ops.matmul(ops.transpose(features), targets))
        return self._report(targets, self.head(features))

    def test_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self._report(self._targets(y), self.network(x, training=False))

    def solve(self) -> None:
        """Give the output the weights that solve the sums."""
        sums = (ops.convert_to_numpy(one) for one in (self.products, self.moments))
        self.head.kernel.assign(solved(*sums, self.ridge))

    def _targets(self, y):
        outputs = self.head.kernel.shape[1]
        return ops.one_hot(y, outputs, dtype="float64") if len(y.shape) == 1 else ops.cast(y, "float64")

    def _report(self, targets, outputs):
        errors = ops.sum(ops.square(ops.cast(outputs, "float64") - targets), axis=1)
        self.log("squared_error", ops.mean(errors), ops.shape(targets)[0])
        self.r2_score.update_state(targets, outputs)
        return self.get_metrics_result()


class Solving(keras.callbacks.Callback):
    """Solves behind the last step of an epoch, before its validation."""

    def __init__(self, learner: NormalEquations):
        super().__init__()
        self._learner = learner

    def on_test_begin(self, logs=None):
        self._learner.solve()
