"""A convolution whose kernel is divided by its largest singular value."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class SpectralConv2D(keras.layers.Conv2D):
    """Convolves with its kernel, as a matrix to the filters, over the largest singular value of that.

    Miyato, Kataoka, Koyama & Yoshida, "Spectral Normalization for Generative Adversarial Networks", ICLR 2018, section
    2.1. The value is found by one step of the power method from the singular vector of the last call in training; the
    vectors count as constants in the gradient.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.direction = self.add_weight(
            name="direction",
            shape=(self.filters,),
            initializer="random_normal",
            trainable=False,
            dtype="float32",
            autocast=False,
        )

    def call(self, x, training=None):
        matrix = ops.reshape(ops.cast(self.kernel, "float32"), (-1, self.filters))
        constant = ops.stop_gradient(matrix)
        left = ops.normalize(ops.matmul(constant, self.direction.value))
        right = ops.normalize(ops.matmul(left, constant))
        if training:
            self.direction.assign(right)
        largest = ops.sum(left * ops.matmul(matrix, right))
        y = self.convolution_op(x, self.kernel / ops.cast(largest, self.kernel.dtype))
        return self.activation(y if self.bias is None else y + self.bias)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["direction"] = self.direction

    def load_own_variables(self, store):
        super().load_own_variables(store)
        self.direction.assign(store["direction"])
