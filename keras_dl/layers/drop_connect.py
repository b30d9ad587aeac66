"""A dense layer whose connections are dropped one by one."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class DropConnect(keras.layers.Dense):
    """A dense layer that computes each training example with connections of its own: the others are dropped.

    Takes (batch, inputs), gives (batch, units). In training every weight and bias is 0 with probability `rate` for an
    example, and else divided by 1 - `rate`, so that sums keep their mean. At inference all are used as they are: the
    mean of what training computes. The paper puts a Gaussian of the same mean and variance in its place and averages
    the activations of samples of it. A step of training takes batch x inputs x units numbers.

    Wan, Zeiler, Zhang, LeCun & Fergus 2013, "Regularization of Neural Networks using DropConnect", ICML.
    """

    def __init__(self, units: int, rate: float, **kwargs):
        super().__init__(units, **kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be at least 0 and below 1, got {rate}")
        self.rate = rate
        self.seeds = keras.random.SeedGenerator()

    def call(self, inputs, training=None):
        if not training:
            return super().call(inputs)
        outputs = ops.einsum("bi,bio->bo", inputs, self._thinned(self.kernel, inputs))
        return self.activation(outputs + self._thinned(self.bias, inputs) if self.use_bias else outputs)

    def _thinned(self, weight, inputs):
        """`weight` with other numbers dropped for each of the `inputs`: (batch, *shape of the weight)."""
        copies = ops.broadcast_to(weight, (ops.shape(inputs)[0], *weight.shape))
        return keras.random.dropout(copies, self.rate, seed=self.seeds)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}
