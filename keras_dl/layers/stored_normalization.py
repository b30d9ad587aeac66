"""Standardisation by a mean and variance that are weights."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class StoredNormalization(keras.layers.Normalization):
    """(x - mean) / sqrt(variance) for each channel: `keras.layers.Normalization` whose weights count when they change.

    Takes and gives (batch, ..., channels). Keras's own layer computes with copies that it makes when it is built or
    adapted, so that weights assigned to it later have no effect; this one reads its weights. They are the same:
    `mean` and `variance`, (channels,), and `count`, which nothing uses but files hold. None of them is trained.
    """

    def call(self, inputs):
        deviation = ops.maximum(ops.sqrt(self.adapt_variance), keras.config.epsilon())
        return (inputs - self.adapt_mean) / deviation

    def finalize_state(self):
        """There are no copies to renew."""

    def resized(self, donor: keras.layers.Layer) -> list[np.ndarray]:
        """The weights of `donor` for the channels of this layer: one mean number for all where theirs differ."""
        mean, variance, count = donor.get_weights()
        shape = self.adapt_mean.shape
        if mean.shape != shape:
            mean, variance = (np.full(shape, values.mean(), values.dtype) for values in (mean, variance))
        return [mean, variance, count]
