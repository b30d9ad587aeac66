"""Parts of a network that learn one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.learning.learner import Learner

if TYPE_CHECKING:
    from keras_dl.training import Options


class InStages(Learner):
    """Trains the parts of a network one after another, each for an equal share of the epochs and by its own optimizer.

    A subclass has `lessons(x, y, weights, training)`, which gives (part, function) in the order in which they learn;
    the function gives the loss of the part, called `losses_named[0]`, and what is `logged`, as a list. What an epoch
    logs, and evaluates, is of the part that learns, and of the last one where none does.
    """

    def __init__(self, network: keras.Model, stages: int, options: Options):
        """Raises `UsageError` for fewer epochs than there are `stages`, for patience, and on another backend."""
        if keras.backend.backend() != "tensorflow":
            raise UsageError(f"the layers of {network.name} learn in turns, which needs KERAS_BACKEND=tensorflow")
        if options.epochs < stages:
            raise UsageError(f"{stages} layers learn one after another; epochs={options.epochs} are too few for them")
        if options.patience is not None:
            raise UsageError("patience compares epochs, and here each layer has a loss of its own; leave it out")
        super().__init__(network)
        self.epochs, self.stages = options.epochs, stages
        last = keras.initializers.Constant(stages - 1)
        self.stage = self.add_weight(shape=(), initializer=last, dtype="int32", trainable=False, name="stage")

    def begin_epoch(self, epoch, seed):
        self.stage.assign(epoch * self.stages // self.epochs)

    def train_step(self, data):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        variables = self.parts()

        def step(part, lesson):
            optimizer, own = self.optimizer.parts[part], variables[part]

            def learned():
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch([variable.value for variable in own])
                    values = lesson()
                    scaled = optimizer.scale_loss(values[0])
                optimizer.apply(tape.gradient(scaled, [variable.value for variable in own]), own)
                return values

            return learned

        lessons = [step(part, lesson) for part, lesson in self.lessons(x, y, weights, True)]
        return self._found(lessons, self.count(x, y, weights))

    def test_step(self, data):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        lessons = [lesson for _, lesson in self.lessons(x, y, weights, False)]
        return self._found(lessons, self.count(x, y, weights))

    def _found(self, lessons, count):
        """Log what the lesson of this stage gives."""
        values = tf.switch_case(tf.convert_to_tensor(self.stage.value), lessons)
        for name, value in zip((*self.losses_named, *self.logged), values, strict=True):
            self.log(name, value, count)
        return self.get_metrics_result()
