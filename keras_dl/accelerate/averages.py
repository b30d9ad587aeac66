"""Weights that are measured and kept as their running averages, while the training goes on with the raw ones."""

from __future__ import annotations

from keras_dl.lazy import keras
from keras_dl.training.updates import averages


class Averages(keras.callbacks.Callback):
    """From each validation to the end of its epoch the model has the averages that its optimizer keeps.

    For trainings of one `fit` per epoch. It belongs behind the callbacks that shall see the averages, and before the
    one that saves the state. Keras puts the averages into the model at the end of each `fit`, for good; so the next
    epoch begins by taking them out again.
    """

    def __init__(self):
        super().__init__()
        self._raw = None

    def on_test_begin(self, logs=None):
        self._raw = [variable.numpy() for variable in self.model.trainable_variables]
        for variable, average in zip(
            self.model.trainable_variables, averages(self.model.optimizer, self.model), strict=True
        ):
            variable.assign(average)

    def on_epoch_end(self, epoch, logs=None):
        self._put_back()

    def on_epoch_begin(self, epoch, logs=None):
        if self._raw is not None:
            self._put_back()
            self._raw = None

    def _put_back(self):
        for variable, value in zip(self.model.trainable_variables, self._raw, strict=True):
            variable.assign(value)
