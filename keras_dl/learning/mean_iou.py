"""The mean intersection over union of classes of pixels, as a metric of Keras."""

from __future__ import annotations

from keras_dl.lazy import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="keras_dl")
class MeanIoU(keras.metrics.Metric):
    """Labels (batch, height, width) whole, outputs (batch, height, width, classes); over all pixels since the reset.

    Mean over the classes that there are or that were guessed. Keras's own takes no weights of examples under XLA.
    """

    def __init__(self, classes: int, name: str = "mean_iou", **kwargs):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.counts = self.add_weight(shape=(classes, classes), initializer="zeros", name="counts", dtype="float32")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), self.classes)
        guesses = ops.one_hot(ops.reshape(ops.argmax(y_pred, axis=-1), (-1,)), self.classes)
        if sample_weight is not None:
            weights = ops.cast(ops.greater(ops.reshape(sample_weight, (-1, 1)), 0), "float32")
            labels = labels * weights
        self.counts.assign_add(ops.matmul(ops.transpose(labels), guesses))

    def result(self):
        inside = ops.diagonal(self.counts)
        union = ops.sum(self.counts, axis=0) + ops.sum(self.counts, axis=1) - inside
        there = ops.cast(ops.greater(union, 0), "float32")
        return ops.sum(inside / ops.maximum(union, 1.0)) / ops.maximum(ops.sum(there), 1.0)

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}
