"""What turns a map of patches into the tokens of a transformer, and waves that say where a patch is."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class ClassTokenAndPositions(keras.layers.Layer):
    """The patches row by row behind a learned class token, each token with a vector of its position added.

    Takes (batch, rows, columns, width), gives (batch, 1 + rows * columns, width). The weights are `class_token`,
    (1, 1, width), and `positions`, (1, 1 + rows * columns, width), that of the class token first. With `waves` the
    positions are those of `grid_waves` and do not learn, and `width` is a multiple of 4.

    Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", ICLR, equation 1.
    """

    def __init__(self, waves: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.waves = waves

    def build(self, input_shape):
        *self.grid, units = input_shape[1:]
        self.class_token = self.add_weight(shape=(1, 1, units), initializer="zeros", name="class_token")
        self.positions = self.add_weight(
            shape=(1, 1 + self.grid[0] * self.grid[1], units),
            initializer=waves_of(self.grid) if self.waves else keras.initializers.TruncatedNormal(stddev=0.02),
            trainable=not self.waves,
            name="positions",
        )

    def call(self, x):
        batch, units = ops.shape(x)[0], x.shape[-1]
        token = ops.broadcast_to(self.class_token, (batch, 1, units))
        return ops.concatenate([token, ops.reshape(x, (batch, -1, units))], axis=1) + self.positions

    def compute_output_shape(self, input_shape):
        batch, rows, columns, units = input_shape
        return (batch, 1 + rows * columns, units)

    def resized(self, donor) -> list[np.ndarray]:
        """The weights of `donor`, a layer of this class for another grid, with its positions stretched to this grid.

        The interpolation is bicubic (Keys, a = -1/2), smoothed where the grid shrinks; the class token's position
        stays. An equal grid gets the weights as they are.
        """
        token, positions = (np.asarray(weight) for weight in (donor.class_token, donor.positions))
        if self.waves:
            return [token, np.asarray(self.positions)]
        if donor.grid == self.grid:
            return [token, positions]
        picture = positions[:, 1:].reshape(1, *donor.grid, -1)
        picture = ops.image.resize(picture, self.grid, interpolation="bicubic", antialias=True)
        picture = ops.convert_to_numpy(picture).reshape(1, -1, positions.shape[-1])
        return [token, np.concatenate([positions[:, :1], picture], axis=1)]

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: none."""
        return 0

    def links(self, output_shape) -> int:
        """Connections for one input: every position is added once, and the class token is copied."""
        return self.positions.shape[1] * self.positions.shape[2] + self.class_token.shape[2]

    def get_config(self):
        return {**super().get_config(), "waves": self.waves}


def waves_of(grid: Sequence[int]) -> Callable:
    """What initializes the positions of patches in a `grid`, (rows, columns), by `grid_waves`."""

    def initialize(shape, dtype=None):
        return ops.convert_to_tensor(grid_waves(*grid, shape[-1])[None], dtype)

    return initialize


def grid_waves(rows: int, columns: int, width: int) -> np.ndarray:
    """Of each patch sines and cosines of its place, (1 + rows * columns, width) float32, after zeros of a class token.

    A quarter of the `width` is sin(c / 10000^(4i / width)) for column c, the next the cosines, then the same of rows:
    He et al. 2022, "Masked Autoencoders Are Scalable Vision Learners", CVPR, in the order of the authors' code.
    """
    rates = 10000.0 ** (-np.arange(width // 4) / (width // 4))
    of_row, of_column = (np.arange(count)[:, None] * rates for count in (rows, columns))
    of_row = np.repeat(np.concatenate([np.sin(of_row), np.cos(of_row)], axis=1), columns, axis=0)
    of_column = np.tile(np.concatenate([np.sin(of_column), np.cos(of_column)], axis=1), (rows, 1))
    found = np.concatenate([of_column, of_row], axis=1)
    return np.concatenate([np.zeros((1, width)), found]).astype("float32")
