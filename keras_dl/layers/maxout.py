"""The largest of the units that lie together."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class Maxout(keras.layers.Layer):
    """Of every `pieces` units next to each other the largest: (..., units) -> (..., units / pieces).

    It has no weights: a dense layer stands before it. Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013,
    "Maxout Networks", ICML.
    """

    def __init__(self, pieces: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.pieces = pieces

    def build(self, input_shape):
        if input_shape[-1] % self.pieces:
            raise ValueError(f"{input_shape[-1]} units are no multiple of the {self.pieces} pieces")

    def call(self, x):
        return ops.max(ops.reshape(x, (-1, *x.shape[1:-1], x.shape[-1] // self.pieces, self.pieces)), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // self.pieces)

    def get_config(self):
        return {**super().get_config(), "pieces": self.pieces}
