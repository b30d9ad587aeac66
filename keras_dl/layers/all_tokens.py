"""What stands for patches that were hidden from a transformer."""

import keras
from keras import ops

from keras_dl.layers.class_token_and_positions import waves_of


@keras.saving.register_keras_serializable(package="keras_dl")
class AllTokens(keras.layers.Layer):
    """The tokens of all patches in their places, a learned one for each that is hidden, with their positions added.

    Takes tokens as `VisibleTokens` gives them and its noise, gives (batch, 1 + patches, width). Patches lie in a
    `grid`, (rows, columns). The weights are `mask_token`, (1, 1, width), and `positions`, (1, 1 + patches, width),
    which are those of `grid_waves` and do not learn.

    He et al. 2022, "Masked Autoencoders Are Scalable Vision Learners", CVPR, section 3.
    """

    def __init__(self, grid: tuple[int, int], **kwargs):
        super().__init__(**kwargs)
        self.grid = tuple(grid)

    def build(self, tokens_shape, noise_shape):
        width = tokens_shape[2]
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.mask_token = self.add_weight(shape=(1, 1, width), initializer=normal, name="mask_token")
        self.positions = self.add_weight(
            shape=(1, 1 + self.grid[0] * self.grid[1], width),
            initializer=waves_of(self.grid),
            trainable=False,
            name="positions",
        )

    def call(self, tokens, noise):
        batch, seen, width = ops.shape(tokens)[0], tokens.shape[1] - 1, tokens.shape[2]
        hidden = ops.broadcast_to(self.mask_token, (batch, noise.shape[1] - seen, width))
        drawn = ops.concatenate([tokens[:, 1:], ops.cast(hidden, tokens.dtype)], axis=1)
        places = ops.argsort(ops.argsort(noise, axis=1), axis=1)
        patches = ops.take_along_axis(drawn, places[:, :, None], axis=1)
        return ops.concatenate([tokens[:, :1], patches], axis=1) + self.positions

    def compute_output_shape(self, tokens_shape, noise_shape):
        return (tokens_shape[0], 1 + noise_shape[1], tokens_shape[2])

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: none."""
        return 0

    def links(self, output_shape) -> int:
        """Connections for one input: every number of the positions is added once, and the mask token is copied."""
        return self.positions.shape[1] * self.positions.shape[2] + self.mask_token.shape[2]

    def get_config(self):
        return {**super().get_config(), "grid": self.grid}
