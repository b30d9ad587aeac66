"""The loss of the early networks: squared distance to a target pattern per class."""

from __future__ import annotations

from keras_dl.lazy import keras


@keras.saving.register_keras_serializable(package="keras_dl")
class OneHotSquaredError(keras.losses.Loss):
    """Sum over the outputs of (target - output)^2, where the target is 1 for the label's output and `low` elsewhere.

    `y_true` (batch,) or (batch, 1) whole numbers, `y_pred` (batch, classes); one value per example, then reduced.
    LeCun, "Generalization and network design strategies", 1989; Hastie et al., "The Elements of Statistical
    Learning", section 11.3.
    """

    def __init__(
        self,
        low: float = 0.0,
        name: str = "one_hot_squared_error",
        reduction="sum_over_batch_size",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.low = low

    def call(self, y_true, y_pred):
        labels = keras.ops.reshape(keras.ops.cast(y_true, "int32"), (-1,))
        hot = keras.ops.one_hot(labels, keras.ops.shape(y_pred)[-1], dtype=y_pred.dtype)
        return keras.ops.sum(keras.ops.square(self.low + (1 - self.low) * hot - y_pred), axis=-1)

    def get_config(self):
        return {**super().get_config(), "low": self.low}
