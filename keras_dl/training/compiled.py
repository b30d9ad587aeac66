"""Many training steps in one compiled program, for networks whose step takes less time than the loop around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_dl.lazy import keras, tf


class CompiledSteps:
    """`model.train_step` again and again, in one program.

    `model` is compiled and stays the same object, so that a network need be translated only once for many trainings:
    `restart` gives it other initial weights. `augment(x, key)` changes the x of a batch, as in `Split.shuffled`. What
    is learned is what `model.fit` learns from the same batches; a step of the network of 1989 at batch 1 takes a
    quarter of its time with `xla`. Without it, random numbers are made ten times faster on a CPU. Nothing is reported
    in between.
    """

    def __init__(
        self,
        model: keras.Model,
        augment: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
        *,
        xla: bool = True,
    ):
        self.model = model
        self._augment = augment
        self._optimizer_start = None
        self._program = tf.function(self._steps, jit_compile=xla, autograph=False)

    def restart(self, fresh: keras.Model) -> None:
        """Take over the weights and the random state of `fresh`, a new network of the same config; forget the rest."""
        for variable, value in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(value)
        if self._optimizer_start is not None:
            for variable, value in zip(self.model.optimizer.variables, self._optimizer_start, strict=True):
                variable.assign(value)

    def run(self, inputs: np.ndarray, labels: np.ndarray, order: np.ndarray, *, seed: int = 0) -> None:
        """Train on `inputs` (n, *shape) and `labels` (n, ...), a step for each row of `order` (steps, batch).

        `order` holds indices. `seed` and the number of the step decide the key of `augment`.
        """
        if self._optimizer_start is None:
            self.model.test_step((tf.constant(inputs[order[0]]), tf.constant(labels[order[0]])))  # makes the metrics
            self.model.optimizer.build(self.model.trainable_variables)
            self._optimizer_start = [variable.numpy() for variable in self.model.optimizer.variables]
        key = tf.constant([seed, 0], "int64")
        data = tf.constant(inputs), tf.constant(labels), tf.constant(order, "int32"), key
        self._program.get_concrete_function(*data)(*data)  # calling it warns of every fifth object

    def _steps(self, inputs, labels, order, key):
        def step(number):
            x, y = tf.gather(inputs, order[number]), tf.gather(labels, order[number])
            if self._augment is not None:
                x = self._augment(x, tf.random.experimental.stateless_fold_in(key, number))
            self.model.train_step((x, y))
            return (number + 1,)

        tf.while_loop(lambda number: number < tf.shape(order)[0], step, (tf.constant(0),))


def error_rate(model: keras.Model, inputs: np.ndarray, labels: np.ndarray) -> float:
    """How many of `labels` (n,) are not the largest output of `model` for `inputs` (n, *shape), in %.

    For small networks: it makes no graph, whose making takes longer than the answer.
    """
    parts = np.array_split(inputs, -(-len(inputs) // 2048))
    found = np.concatenate([keras.ops.convert_to_numpy(model(part)).argmax(axis=1) for part in parts])
    return 100 * float(np.mean(found != labels))
