"""The weights that a network in training would be used with: for its validations, and at its end for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_dl.lazy import keras
from keras_dl.training.batch_statistics import BATCHES, BatchStatistics
from keras_dl.training.options import Options
from keras_dl.training.updates import apply_remainder, averages, unscaled

if TYPE_CHECKING:
    from keras_dl.training.epochs import Epochs


class InferenceWeights(keras.callbacks.Callback):
    """From each validation to the end of its epoch the model has the weights that it would be used with.

    After the last epoch, gradients of too few batches for an update make one all the same. Where the optimizer keeps
    running averages, they take the place of the weights. Statistics of batch normalisation are estimated anew for
    averaged weights, and while they are young. What comes after the epoch goes on with what the training had.

    It belongs behind the callbacks that shall see these weights, and before the one that saves the state.
    """

    def __init__(self, model: keras.Model, options: Options, epochs: Epochs):
        super().__init__()
        self.set_model(model)
        self._options, self._epochs = options, epochs
        self._statistics = BatchStatistics(model)
        self._before: list[tuple] = []

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_test_begin(self, logs=None):
        self.put_in(self._epoch)

    def on_epoch_end(self, epoch, logs=None):
        for variable, value in self._before:
            variable.assign(value)
        self._before = []

    def put_in(self, epoch: int) -> None:
        """Give the model, which has been trained up to the end of `epoch`, the weights that it would be used with."""
        model, optimizer = self.model, unscaled(self.model.optimizer)
        averaged = optimizer.use_ema
        unfinished = optimizer.gradient_accumulation_steps and epoch + 1 == self._options.epochs
        layers = self._statistics.all() if averaged else self._statistics.young((epoch + 1) * self._epochs.steps)
        changing = [average for layer in layers for average in (layer.moving_mean, layer.moving_variance)]
        if averaged or unfinished:
            changing += model.trainable_variables
        if unfinished:
            changing += model.optimizer.variables
        self._before = [(variable, keras.ops.convert_to_numpy(variable).copy()) for variable in changing]
        if unfinished:
            apply_remainder(model.optimizer)
        if averaged:
            for variable, value in zip(model.trainable_variables, averages(model.optimizer, model), strict=True):
                variable.assign(value)
        if layers:
            self._statistics.estimate(layers, self._epochs.begin(epoch).take(BATCHES))
