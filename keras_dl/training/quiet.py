"""The quiet mode of `fit`: trainings in memory that write and tell nothing and may begin anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from keras_dl import surgery
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.learning import adapters
from keras_dl.learning.task import Task
from keras_dl.tasks import get_task
from keras_dl.training.initialization import initialize
from keras_dl.training.options import Options

Augment = Callable[["tf.Tensor", "tf.Tensor"], "tf.Tensor"]
OF_WHOLE_TRAININGS = ("ema_momentum", "input_dropout", "patience", "strategy")
"""options that only a training with files has a use for"""


class Quiet:
    """One compiled `model`, trained as often as wanted: for measurements that need hundreds of short trainings.

    `network` is what answers: the model itself, or the network in it where the model is a `Learner`.
    It is translated into a program only once, and `begin` or `restart` make it begin anew. `fit` learns from batches;
    `run` does many steps in one program, which `xla` compiles: a step of the network of 1989 at batch 1 takes a quarter
    of its time. Without it random numbers are made ten times faster on a CPU. `augment(x, key)` changes the x of a
    batch in `run`, as in `Split.shuffled`. What is learned is what `keras_dl.fit` learns from the same batches.
    """

    def __init__(self, model: keras.Model, *, augment: Augment | None = None, xla: bool = True):
        self.model = model
        self.network: keras.Model = getattr(model, "network", model)
        self._fresh: Callable[[int], keras.Model] | None = None
        self._augment = augment
        self._optimizer_start: list[np.ndarray] = []
        self._program = tf.function(self._steps, jit_compile=xla, autograph=False)

    @classmethod
    def of(
        cls,
        config: Config,
        options: Options,
        steps: int = 1,
        *,
        task: Task | None = None,
        loss: Any = None,
        augment: Augment | None = None,
        xla: bool = True,
    ) -> Self:
        """The network of `config` and what learns `task` with it, by default its own, compiled as `fit` does it.

        Of `options` those count that say what is trained and how it is changed; batches and epochs come with `fit` and
        `run`. `steps` are those of a training, over which a schedule of the learning rate stretches. `loss` takes the
        place of the task's. Raises `UsageError` for options that only `fit` with a folder knows.
        """
        if said := [name for name in OF_WHOLE_TRAININGS if getattr(options, name) not in (None, 0.0)]:
            raise UsageError(f"the quiet mode of fit has no {' and no '.join(said)}; leave out what has no effect")
        from keras_dl.training.objective import compile_model  # which defines an optimizer of Keras

        task = task or get_task(config.task)

        def fresh(seed: int) -> keras.Model:
            network = config.build()
            if options.initialization:
                initialize(network, options.initialization, seed)
            surgery.freeze(network, options.freeze)
            if options.lora:
                adapters.adapt(network, config, options.lora)
            return task.learner(network, config, options)

        learner = fresh(options.seed)
        compile_model(learner, config, dataclasses.replace(options, epochs=1), steps, task, loss=loss)
        quiet = cls(learner, augment=augment, xla=xla)
        quiet._fresh = fresh
        return quiet

    def begin(self, seed: int) -> keras.Model:
        """Begin anew with first weights drawn by `seed`, as it decides those of a training, for one made by `of`.

        Returns the network, the same object each time.
        """
        keras.utils.set_random_seed(seed)
        self.restart(self._fresh(seed))
        return self.network

    def restart(self, start: keras.Model | Sequence[np.ndarray]) -> None:
        """Begin anew with the weights and the random state of the model `start`, or with weights of `get_weights()`.

        The optimizer gets the state it had at first.
        """
        if isinstance(start, keras.Model):
            for variable, value in zip(self.model.variables, start.variables, strict=True):
                variable.assign(value)
        else:
            self.model.set_weights(start)
        for variable, value in zip(self.model.optimizer.variables, self._optimizer_start, strict=False):
            variable.assign(value)

    def fit(self, batches: tf.data.Dataset, **settings: Any) -> dict[str, list[float]]:
        """Learn from `batches` in their order, with `settings` of Keras's `fit`; what it logs, a value an epoch."""
        if not self._optimizer_start:
            self._prepare(next(iter(batches)))
        return self.model.fit(batches, **settings, shuffle=False, verbose=0).history

    def run(self, inputs: np.ndarray, labels: np.ndarray, order: np.ndarray, *, seed: int = 0) -> None:
        """Learn from `inputs` (n, *shape) and `labels` (n, ...), a step for each row of `order` (steps, batch).

        `order` holds indices. `seed` and the number of the step decide the key of `augment`.
        """
        if not self._optimizer_start:
            self._prepare((tf.constant(inputs[order[0]]), tf.constant(labels[order[0]])))
        key = tf.constant([seed, 0], "int64")
        data = tf.constant(inputs), tf.constant(labels), tf.constant(order, "int32"), key
        self._program.get_concrete_function(*data)(*data)  # calling it warns of every fifth object

    def parts(self, inputs: np.ndarray, labels: np.ndarray, order: np.ndarray, count: int) -> Iterator[None]:
        """`run` in `count` equal parts of `order`, after each of which the caller may measure."""
        for part in np.split(order, count):
            self.run(inputs, labels, part)
            yield

    def _prepare(self, batch: tuple) -> None:
        """Make the metrics, for which `fit` would translate the model twice, and the optimizer's state; remember it."""
        self.model.test_step(batch)
        self.model.optimizer.build(self.model.trainable_variables)
        self._optimizer_start = [variable.numpy() for variable in self.model.optimizer.variables]

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


def cross_entropy(model: keras.Model, inputs: np.ndarray, labels: np.ndarray, *, training: bool = False) -> float:
    """The mean cross-entropy of the logits of `model` for `inputs` (n, *shape), in float64, without penalties.

    `labels` are classes (n,). With `training` the layers that make noise do.
    """
    from scipy.special import log_softmax

    logits = keras.ops.convert_to_numpy(model(inputs, training=training)).astype("float64")
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
