"""A dense layer of binary units that can be gone back: a restricted Boltzmann machine in a stack of them."""

import keras
from keras import ops

from keras_dl.layers.boltzmann_machine import Machine


@keras.saving.register_keras_serializable(package="keras_dl")
class BoltzmannDense(keras.layers.Dense):
    """Keras's dense layer with logistic units, and `visible_bias`, (inputs,), for the way back to its input.

    That bias is no part of the way up and gets no gradient: contrastive divergence alone moves it. Kernels start from
    N(0, 0.01) (Hinton, "A practical guide to training restricted Boltzmann machines", UTML TR 2010-003, section 8).
    """

    def __init__(self, units: int, activation="sigmoid", kernel_initializer=None, **kwargs):
        normal = keras.initializers.RandomNormal(stddev=0.01)
        super().__init__(units, activation=activation, kernel_initializer=kernel_initializer or normal, **kwargs)

    def build(self, input_shape):
        super().build(input_shape)
        self.visible_bias = self.add_weight(
            shape=(input_shape[-1],), initializer="zeros", trainable=False, name="visible_bias"
        )

    def save_own_variables(self, store):
        """All of them, where Keras's dense layer knows of two."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        keras.layers.Layer.load_own_variables(self, store)

    @property
    def machine(self) -> Machine:
        """Its weights in float32."""
        cast = [ops.cast(one, "float32") for one in (self.kernel, self.visible_bias, self.bias)]
        return Machine(cast[:1], cast[1:])
