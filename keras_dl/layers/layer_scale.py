"""A learned factor for each number of a token."""

import keras


@keras.saving.register_keras_serializable(package="keras_dl")
class LayerScale(keras.layers.Layer):
    """(batch, length, width) -> the same: each of the `width` numbers times a factor that starts at `start`.

    Touvron et al., "Going Deeper with Image Transformers", ICCV 2021, section 2.
    """

    def __init__(self, start: float = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        initializer = keras.initializers.Constant(self.start)
        self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer=initializer)

    def call(self, x):
        return x * self.scale

    def compute_output_shape(self, input_shape):
        return input_shape

    def memory(self, input_shape, batch: int, length: int) -> tuple:
        """Nothing: each token is scaled alone."""
        return ()

    def step(self, x, place, memory: tuple) -> tuple:
        """What `call` gives for the tokens `x` from `place` on."""
        return self(x), memory

    def multiply_adds(self, output_shape) -> int:
        """None, as of a normalisation."""
        return 0

    def links(self, output_shape) -> int:
        """None, as of a normalisation."""
        return 0

    def get_config(self):
        return {**super().get_config(), "start": self.start}
