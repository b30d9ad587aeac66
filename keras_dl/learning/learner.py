"""A network and how it learns, for what is no plain loss between one output and one target."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf

if TYPE_CHECKING:
    from keras_dl.data import Data

ops = keras.ops


class Learner(keras.Model):
    """Trains `network` by the sum of `named_losses`; all of them are logged, each the mean over what `count` counts.

    Whatever it needs beside the network, such as seeds, tables and buffers, are its variables: so all of it is in the
    checkpoints. It computes in float32 around networks of any precision. A subclass has `named_losses(x, y, outputs,
    weights, training)`, which gives the losses of a batch by name, numbers, and names them in `losses_named`,
    and in `logged` what `measures` reports beside them.
    """

    losses_named: ClassVar[Sequence[str]] = ()
    logged: ClassVar[Sequence[str]] = ()
    by_network_alone: ClassVar[bool] = True
    """whether the losses follow from the network; weights of the learner's own are not in a saved model"""
    largest_loss: ClassVar[float] = sys.float_info.max
    """a larger sum of the losses says that the training has gone astray"""
    remedy: ClassVar[str] = "look for values that do not belong in the data"
    """what to try then, beside a smaller learning rate"""

    def __init__(self, network: keras.Model, **kwargs: Any):
        super().__init__(dtype="float32", name=f"{network.name}_learner", **kwargs)
        self.network = network
        names = (*self.losses_named, *self.logged)
        self.means = {name: keras.metrics.Mean(name=name) for name in names}
        self.built = network.built

    def call(self, x, training=None):
        return self.network(x, training=training)

    def measures(self, x, y, outputs, weights) -> dict[str, Any]:
        """What is logged beside the losses, numbers by name."""
        return {}

    def count(self, x, y, weights) -> Any:
        """How much this batch counts in the means over an epoch: its examples, or the sum of its weights.

        A dict where some of the means are over fewer examples than others, by their names.
        """
        if weights is not None:
            return sum(ops.sum(ops.cast(one, "float32")) for one in keras.tree.flatten(weights))
        return ops.shape(keras.tree.flatten(x)[0])[0]

    def parts(self) -> dict[str, list[keras.Variable]]:
        """The variables that each optimizer trains, by the name of the part of the network."""
        return {"main": self.trainable_variables}

    def stretch(self, steps: int) -> None:
        """Prepare for a training of so many `steps`, for what changes over all of it."""

    def begin_epoch(self, epoch: int, seed: int) -> None:
        """Change what changes between epochs, as a function of `epoch`, `seed` and the variables."""

    def callbacks(self, data: Data) -> list[keras.callbacks.Callback]:
        """What acts between the steps, such as in the environment of `data`; it says its state by `get_state`."""
        return []

    def log(self, name: str, value, count) -> None:
        """Let `value` count in the mean called `name`."""
        self.means[name].update_state(value, sample_weight=count)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        named = self.named_losses(x, y, y_pred, sample_weight, training)
        if self.losses:
            named = {**named, "regularization": sum(self.losses)}
        measured = self.measures(x, y, y_pred, sample_weight)
        count = self.count(x, y, sample_weight)
        for name, value in {**named, **measured}.items():
            if name != "regularization":
                self.log(name, value, count[name] if isinstance(count, dict) else count)
        return sum(named.values())

    def get_metrics_result(self):
        """The means; of those that are losses, the sum is "loss"."""
        results = super().get_metrics_result()
        if self.losses_named:
            results["loss"] = sum(results[name] for name in self.losses_named)
        return results


class InTurns(Learner):
    """Trains the parts of a network in turns, each by a loss and an optimizer of its own, on TensorFlow.

    A subclass has `turns(x, y, weights, training)`, which yields (part, name of its loss, loss), one step after
    another: what follows computes with the part as it has become. What is computed once may be in several losses.
    """

    def __init__(self, network: keras.Model, **kwargs: Any):
        """Raises `UsageError` on another backend."""
        if keras.backend.backend() != "tensorflow":
            raise UsageError(f"the parts of {network.name} are trained in turns, which needs KERAS_BACKEND=tensorflow")
        super().__init__(network, **kwargs)

    def train_step(self, data):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        with self.taped() as tape:
            for part, name, loss in self.turns(x, y, weights, True):
                self.log(name, loss, self.count(x, y, weights))
                self.descend(part, loss, tape)
        return self.get_metrics_result()

    @contextlib.contextmanager
    def taped(self):
        """Record, for several losses, what follows from the variables of all parts."""
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variables in self.parts().values() for variable in variables])
            yield tape

    def descend(self, part: str, loss: Any, tape: tf.GradientTape) -> None:
        """One step of a `part` by its optimizer down a `loss` that the `tape` records."""
        variables, optimizer = self.parts()[part], self.optimizer.parts[part]
        scaled = optimizer.scale_loss(loss)
        with tape.stop_recording():
            optimizer.apply(tape.gradient(scaled, [variable.value for variable in variables]), variables)

    def test_step(self, data):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        for _, name, loss in self.turns(x, y, weights, False):
            self.log(name, loss, self.count(x, y, weights))
        return self.get_metrics_result()


def weighted_mean(values, weights=None):
    """The mean of `values` of any shape, float32, each counted as often as `weights` of that shape say."""
    values = ops.cast(values, "float32")
    if weights is None:
        return ops.mean(values)
    weights = ops.cast(weights, "float32")
    return ops.sum(weights * values) / ops.maximum(ops.sum(weights), 1e-12)
