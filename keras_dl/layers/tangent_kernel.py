"""A layer that compares inputs with stored examples by the kernel of infinitely wide networks."""

import keras
import numpy as np
from keras import ops

TINY = 1e-30
"""below any length that inputs have"""


@keras.saving.register_keras_serializable(package="keras_dl")
class TangentKernel(keras.layers.Layer):
    """The neural tangent kernel of each input and each stored example: (batch, inputs) -> (batch, `count`).

    It is that of `depth` infinitely wide layers of rectifiers and a linear output, without biases, whose kernels are
    drawn from N(0, 2 / inputs of a unit) and learn at rates in proportion to that. `examples`, (count, inputs), is a
    weight that no optimizer changes; it starts from N(0, 1), `remember` replaces it.

    Jacot, Gabriel & Hongler 2018, "Neural Tangent Kernel", NeurIPS, theorem 1; for the mean over the rectifiers of a
    layer Cho & Saul 2009, "Kernel Methods for Deep Learning", NIPS.
    """

    def __init__(self, count: int, depth: int, **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.depth = depth

    def build(self, input_shape):
        self.examples = self.add_weight(
            shape=(self.count, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            name="examples",
        )

    def remember(self, examples: np.ndarray) -> None:
        """Store `examples`, (count, inputs)."""
        self.examples.assign(examples)

    def call(self, inputs):
        share = 2 / inputs.shape[-1]
        covariance = share * ops.matmul(inputs, ops.transpose(self.examples))
        squares = [share * ops.sum(ops.square(x), axis=-1) for x in (inputs, self.examples)]
        lengths = ops.sqrt(ops.maximum(squares[0][:, None] * squares[1], TINY))
        tangent = covariance
        for _ in range(self.depth):
            cosine = ops.clip(covariance / lengths, -1, 1)
            angle = ops.arccos(cosine)
            covariance = lengths / np.pi * (ops.sin(angle) + (np.pi - angle) * cosine)
            tangent = covariance + tangent * (np.pi - angle) / np.pi
        return tangent

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.count)

    def multiply_adds(self, output_shape) -> int:
        """Multiplications for one input: the products with all examples."""
        return int(np.prod(self.examples.shape))

    def links(self, output_shape) -> int:
        """Connections for one input: every number that is stored is used once."""
        return self.multiply_adds(output_shape)

    def get_config(self):
        return {**super().get_config(), "count": self.count, "depth": self.depth}
