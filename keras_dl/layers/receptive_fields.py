"""What the layers of units with local receptive fields share: the geometry and the padding with a background value."""

import keras
from keras import ops


class ReceptiveFields2D(keras.layers.Layer):
    """Maps of units, each of which sees a square field of the picture below. A base class.

    Takes (batch, height, width, channels), gives (batch, rows, columns, filters) with
    rows = (height + 2 `padding` - `kernel_size`) // `strides` + 1 and columns alike.

    Args:
        filters: maps.
        kernel_size: side of a field, in pixels.
        strides: step from one unit's field to the next, in pixels.
        padding: pixels added on every side, of the value `padding_value`.
        activation, kernel_initializer, bias_initializer: as Keras layers take them.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        strides: int = 1,
        padding: int = 0,
        padding_value: float = 0.0,
        activation=None,
        kernel_initializer="lecun_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.padding_value = padding_value
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def padded(self, x):
        """`x` within its background."""
        if not self.padding:
            return x
        border = (self.padding, self.padding)
        return ops.pad(x, ((0, 0), border, border, (0, 0)), constant_values=self.padding_value)

    def compute_output_shape(self, input_shape):
        batch, *size, _ = input_shape
        rows, columns = ((n + 2 * self.padding - self.kernel_size) // self.strides + 1 for n in size)
        if rows < 1 or columns < 1:
            raise ValueError(
                f"{self.name}: a field of {self.kernel_size}x{self.kernel_size} pixels does not fit into "
                f"{size[0]}x{size[1]} with {self.padding} of padding"
            )
        return (batch, rows, columns, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "padding_value": self.padding_value,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
