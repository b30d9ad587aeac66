"""The graph convolution of Kipf & Welling."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class GraphConvolution(keras.layers.Layer):
    """Of each node the weighted sum of what its neighbours and itself have: D^-1/2 (A + I) D^-1/2 x W + b.

    Takes [x (batch, nodes, features), edge_index (batch, 2, edges) whole numbers], gives (batch, nodes, `units`). Edges
    go from the first node to the second, undirected ones both ways; those of -1 are pads, and a loop counts once, given
    or not. D are the numbers of edges into a node, its loop included.

    Kipf & Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017, equation 2.
    """

    def __init__(self, units: int, activation=None, kernel_regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shapes):
        features, self._edges = input_shapes[0][-1], input_shapes[1][-1]
        self.kernel = self.add_weight(
            shape=(features, self.units),
            initializer="glorot_uniform",
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs):
        x, edges = inputs
        nodes = x.shape[1]
        graphs = ops.shape(x)[0]
        source, target = edges[:, 0], edges[:, 1]
        there = ops.reshape((source >= 0) & (target >= 0) & (source != target), (-1,))
        first = ops.expand_dims(nodes * ops.arange(graphs, dtype="int32"), 1)
        source, target = (
            ops.reshape(first + ops.maximum(ops.cast(end, "int32"), 0), (-1,)) for end in (source, target)
        )

        def into(values):
            return ops.segment_sum(values, target, num_segments=graphs * nodes)

        scale = ops.expand_dims(ops.rsqrt(1 + into(ops.cast(there, "float32"))), 1)
        scale = ops.cast(scale, self.compute_dtype)
        x = scale * ops.reshape(ops.matmul(x, self.kernel), (-1, self.units))
        along = ops.take(x, source, axis=0) * ops.cast(ops.expand_dims(there, 1), self.compute_dtype)
        x = ops.reshape(scale * (into(along) + x), (-1, nodes, self.units))
        return self.activation(x + self.bias)

    def compute_output_shape(self, input_shapes):
        return (*input_shapes[0][:-1], self.units)

    def multiply_adds(self, output_shape):
        """Each weight of the kernel at every node, and a number of each unit along every edge and loop."""
        nodes = output_shape[0]
        return nodes * self.kernel.shape[0] * self.units + (self._edges + nodes) * self.units

    def links(self, output_shape):
        """Every weight at every node."""
        return output_shape[0] * (self.kernel.shape[0] + 1) * self.units

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
