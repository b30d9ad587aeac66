"""The loss of the early networks: squared distance to a target pattern per class."""

from __future__ import annotations

from keras_dl.lazy import keras
from keras_dl.learning.labels import shares


@keras.saving.register_keras_serializable(package="keras_dl")
class OneHotSquaredError(keras.losses.Loss):
    """Sum over the outputs of (target - output)^2, where the target is 1 for the label's output and `low` elsewhere.

    `y_true` are labels that `labels.shares` takes, `y_pred` (batch, classes); one value per example, then reduced. The
    target of a share of a class lies between, in proportion.
    LeCun, "Generalization and network design strategies", 1989; Hastie et al., "The Elements of Statistical
    Learning", section 11.3.
    """

    def __init__(
        self,
        low: float = 0.0,
        label_smoothing: float = 0.0,
        name: str = "one_hot_squared_error",
        reduction="sum_over_batch_size",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.low = low
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        target = self.low + (1 - self.low) * shares(y_true, y_pred, self.label_smoothing)
        return keras.ops.sum(keras.ops.square(target - y_pred), axis=-1)

    def get_config(self):
        return {**super().get_config(), "low": self.low, "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable(package="keras_dl")
class SummedSquaredError(keras.losses.Loss):
    """Sum over all numbers of an example of ((target - output) / `scale`)^2, one value per example, then reduced."""

    def __init__(
        self, scale: float = 1.0, name: str = "summed_squared_error", reduction="sum_over_batch_size", dtype=None
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.scale = scale

    def call(self, y_true, y_pred):
        squares = keras.ops.square((y_true - y_pred) / self.scale)
        return keras.ops.sum(squares, axis=tuple(range(1, len(squares.shape))))

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
