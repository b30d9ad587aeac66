"""Losses and accuracy for labels of either kind: one class an example, or shares of all classes."""

from __future__ import annotations

from keras_dl.lazy import keras

ops = keras.ops


def shares(labels, outputs, smoothing: float = 0.0):
    """The labels of `outputs`, (..., classes), as shares of the classes in the same shape and dtype.

    `labels` are such shares already, as mixed pictures have them, or whole numbers, (...,) or (..., 1). `smoothing` is
    the part that is spread over all classes (Szegedy et al. 2016, "Rethinking the Inception architecture", section 7).
    """
    classes = outputs.shape[-1]
    if _soft(labels, outputs):
        labels = ops.cast(labels, outputs.dtype)
    else:
        labels = ops.one_hot(_whole(labels, outputs), classes, dtype=outputs.dtype)
    return (1 - smoothing) * labels + smoothing / classes if smoothing else labels


@keras.saving.register_keras_serializable(package="keras_dl")
class CrossEntropy(keras.losses.Loss):
    """Cross-entropy of outputs (..., classes), logits or probabilities, for the labels that `shares` takes.

    One value per label, then reduced.
    """

    def __init__(
        self,
        from_logits: bool = True,
        label_smoothing: float = 0.0,
        name: str = "cross_entropy",
        reduction="sum_over_batch_size",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        if self.label_smoothing or _soft(y_true, y_pred):
            target = shares(y_true, y_pred, self.label_smoothing)
            return ops.categorical_crossentropy(target, y_pred, from_logits=self.from_logits)
        labels = _whole(y_true, y_pred)
        return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=self.from_logits)

    def get_config(self):
        return {**super().get_config(), "from_logits": self.from_logits, "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable(package="keras_dl")
def hits(y_true, y_pred):
    """1.0 where the largest output is that of the label, or of its largest share; of any labels that `shares` takes."""
    labels = ops.argmax(y_true, axis=-1) if _soft(y_true, y_pred) else _whole(y_true, y_pred)
    return ops.cast(ops.equal(ops.cast(labels, "int32"), ops.cast(ops.argmax(y_pred, axis=-1), "int32")), "float32")


def accuracy() -> keras.metrics.Metric:
    """The mean of `hits`, called "accuracy"."""
    return keras.metrics.MeanMetricWrapper(hits, name="accuracy")


def _soft(labels, outputs) -> bool:
    return len(labels.shape) == len(outputs.shape) and labels.shape[-1] == outputs.shape[-1]


def _whole(labels, outputs):
    labels = ops.cast(labels, "int32")
    return labels if len(labels.shape) < len(outputs.shape) else ops.squeeze(labels, axis=-1)
