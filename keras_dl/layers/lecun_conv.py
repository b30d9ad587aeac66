"""The convolution of LeCun's networks: a bias for each unit or map, and maps that see only some of the maps below."""

import math

import keras
from keras import ops

from keras_dl.layers.receptive_fields import ReceptiveFields2D


@keras.saving.register_keras_serializable(package="keras_dl")
class LeCunConv2D(ReceptiveFields2D):
    """A convolution with a constant background, a bias for each unit or map, and a connection table.

    Takes (batch, height, width, channels), gives (batch, rows, columns, filters).

    Args (beside those of `ReceptiveFields2D`):
        bias: "unit" gives every unit its own bias, as in 1989, "map" every map, as in 1998.
        table: for each map, the input channels that it sees; None connects it to all. Then the kernel is
            (kernel_size, kernel_size, connections), in the table's order, otherwise
            (kernel_size, kernel_size, channels, filters).

    LeCun et al. 1989, Neural Computation 1(4); LeCun et al. 1998, Proc. IEEE 86(11), table I.
    """

    def __init__(self, filters, kernel_size, *, bias: str = "unit", table=None, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        if bias not in ("unit", "map"):
            raise ValueError(f'bias must be "unit" or "map", got {bias!r}')
        if table is not None and len(table) != filters:
            raise ValueError(f"table must have a row for each of the {filters} maps, got {len(table)}")
        self.bias_of = bias
        self.table = None if table is None else tuple(tuple(row) for row in table)

    def build(self, input_shape):
        channels = input_shape[-1]
        square = (self.kernel_size, self.kernel_size)
        units = self.compute_output_shape(input_shape)[1:]
        full = (*square, channels, self.filters)
        if self.table is None:
            self.kernel = self.add_weight(shape=full, initializer=self.kernel_initializer, name="kernel")
        else:
            if not all(0 <= channel < channels for row in self.table for channel in row):
                raise ValueError(f"{self.name}: table names channels that an input of {channels} does not have")
            # entry `channel * filters + filter` of a full kernel's last two axes, for each connection
            entries = [channel * self.filters + i for i, row in enumerate(self.table) for channel in row]
            absent = len(entries)
            self._places = [absent] * (channels * self.filters)
            for connection, entry in enumerate(entries):
                self._places[entry] = connection

            def initialize(shape, dtype=None):
                return ops.take(ops.reshape(self.kernel_initializer(full, dtype), (*square, -1)), entries, axis=-1)

            self.kernel = self.add_weight(shape=(*square, len(entries)), initializer=initialize, name="kernel")
        self.bias = self.add_weight(
            shape=units if self.bias_of == "unit" else (self.filters,),
            initializer=self.bias_initializer,
            name="bias",
        )

    def full_kernel(self):
        """The kernel as (kernel_size, kernel_size, channels, filters), zero where there is no connection."""
        if self.table is None:
            return self.kernel
        with_zero = ops.pad(self.kernel, ((0, 0), (0, 0), (0, 1)))
        square = (self.kernel_size, self.kernel_size)
        return ops.reshape(ops.take(with_zero, self._places, axis=-1), (*square, -1, self.filters))

    def call(self, x):
        sums = ops.conv(
            self.padded(x),
            self.full_kernel(),
            strides=self.strides,
            padding="valid",
            data_format="channels_last",
        )
        return self.activation(sums + self.bias)

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input."""
        return math.prod(self.kernel.shape) * math.prod(output_shape[:-1])

    def links(self, output_shape) -> int:
        """Connections, those to the background and the biases included."""
        return self.multiply_adds(output_shape) + math.prod(output_shape)

    def get_config(self):
        return {**super().get_config(), "bias": self.bias_of, "table": self.table}
