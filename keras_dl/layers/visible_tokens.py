"""What is left of the tokens of patches where some are hidden from a transformer."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class VisibleTokens(keras.layers.Layer):
    """The first token and the `count` others that are not hidden, those of the least noise, in the order of the noise.

    Takes tokens (batch, 1 + patches, width) and noise (batch, patches), gives (batch, 1 + count, width).

    He et al. 2022, "Masked Autoencoders Are Scalable Vision Learners", CVPR, section 3.
    """

    def __init__(self, count: int, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def call(self, tokens, noise):
        chosen = ops.argsort(noise, axis=1)[:, : self.count]
        patches = ops.take_along_axis(tokens[:, 1:], chosen[:, :, None], axis=1)
        return ops.concatenate([tokens[:, :1], patches], axis=1)

    def compute_output_shape(self, tokens_shape, noise_shape):
        return (tokens_shape[0], 1 + self.count, tokens_shape[2])

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: none."""
        return 0

    def links(self, output_shape) -> int:
        """Connections for one input: none has a weight."""
        return 0

    def get_config(self):
        return {**super().get_config(), "count": self.count}
