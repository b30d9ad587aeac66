"""One compiled network for many trainings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_dl.lazy import keras


class Restartable:
    """A compiled `model` whose training can begin anew, so that it is translated into a program only once."""

    def __init__(self, model: keras.Model):
        self.model = model
        model.optimizer.build(model.trainable_variables)
        self._optimizer_start = [variable.numpy() for variable in model.optimizer.variables]

    def restart(self, weights: Sequence[np.ndarray]) -> None:
        """Give the model `weights`, in the order of `get_weights()`, and its optimizer the state it had at first."""
        self.model.set_weights(weights)
        for variable, value in zip(self.model.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
