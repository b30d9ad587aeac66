"""Several copies of a small network, trained at once: they differ in their first weights alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_dl.config import Config
from keras_dl.lazy import keras, tf


class Copies:
    """`count` copies of the network of `config`, each of which `optimizer` trains on the same batches.

    All weights have an axis for the copies in front, and one program does the steps of all: for networks so small that
    a step costs next to nothing beside the loop around it. What a copy learns is what it would learn alone.
    `loss(y, outputs)` is that of a batch of one copy, a number. Networks with batch normalisation or dropout are not
    for this: their state is not kept. XLA, which makes one network of this size faster, makes copies slower on CPUs.
    """

    def __init__(self, config: Config, count: int, optimizer: keras.optimizers.Optimizer, loss: Callable[..., Any]):
        self.config, self.count = config, count
        self.model = config.build()
        self._loss = loss
        self._optimizer = optimizer
        self._weights = [
            keras.Variable(np.zeros((count, *weight.shape), "float32"), name=f"weight{index}")
            for index, weight in enumerate(self.model.trainable_variables)
        ]
        optimizer.build(self._weights)
        self._optimizer_start = [variable.numpy() for variable in optimizer.variables]
        self._program = tf.function(lambda *data: self._steps(*data))

    def restart(self, seed: int) -> None:
        """Give the copies new initial weights, drawn by `seed`, and forget everything else."""
        keras.utils.set_random_seed(seed)
        starts = [self.config.build().trainable_variables for _ in range(self.count)]
        for variable, values in zip(self._weights, zip(*starts, strict=True), strict=True):
            variable.assign(np.stack([value.numpy() for value in values]))
        for variable, value in zip(self._optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)

    def run(self, inputs: np.ndarray, targets: np.ndarray, order: np.ndarray) -> None:
        """Train on `inputs` (n, *shape) and `targets` (n, ...); a row of `order` (steps, batch) is a step's indices."""
        self._program(tf.constant(inputs), tf.constant(targets), tf.constant(order, "int32"))

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """What the copies give for `inputs` (n, *shape): (copies, n, classes)."""
        return np.stack([self.take(index)(inputs).numpy() for index in range(self.count)])

    def take(self, index: int) -> keras.Model:
        """The network with the weights of the copy `index`; the same object each time."""
        for variable, values in zip(self.model.trainable_variables, self._weights, strict=True):
            variable.assign(values[index])
        return self.model

    def _steps(self, inputs, targets, order):
        for step in tf.range(tf.shape(order)[0]):
            x, y = tf.gather(inputs, order[step]), tf.gather(targets, order[step])
            weights = [variable.value for variable in self._weights]
            with tf.GradientTape() as tape:
                tape.watch(weights)
                total = tf.reduce_sum(tf.vectorized_map(lambda copy, x=x, y=y: self._loss_of(copy, x, y), weights))
            self._optimizer.apply(tape.gradient(total, weights), self._weights)

    def _loss_of(self, weights, x, y):
        outputs, _state = self.model.stateless_call(weights, [], x)
        return self._loss(y, outputs)
