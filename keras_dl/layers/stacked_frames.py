"""Each step of a series with those around it."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class StackedFrames(keras.layers.Layer):
    """Each step side by side with those before and after it: what an acoustic model sees of one moment.

    Takes (batch, steps, numbers), gives (batch, steps, `frames` * numbers), the earliest first. At the ends the first
    and the last step stand for those that there are not. `frames` is odd.
    """

    def __init__(self, frames: int, **kwargs):
        super().__init__(**kwargs)
        self.frames = frames

    def call(self, x):
        side, steps = self.frames // 2, x.shape[1]
        padded = ops.concatenate([x[:, :1]] * side + [x] + [x[:, -1:]] * side, axis=1)
        return ops.concatenate([padded[:, place : place + steps] for place in range(self.frames)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], self.frames * input_shape[2])

    def get_config(self):
        return {**super().get_config(), "frames": self.frames}
