"""A border that is the picture mirrored."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class ReflectionPadding2D(keras.layers.Layer):
    """(batch, height, width, channels) -> (batch, height + 2 * border, width + 2 * border, channels).

    What is added is mirrored at the outermost pixels, which are not repeated.
    """

    def __init__(self, border: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.border = border

    def call(self, x):
        side = (self.border, self.border)
        return ops.pad(x, ((0, 0), side, side, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height + 2 * self.border, width + 2 * self.border, channels)

    def get_config(self):
        return {**super().get_config(), "border": self.border}
