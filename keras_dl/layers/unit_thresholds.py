"""Rectified units that share their input and differ by their thresholds."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class UnitThresholds(keras.layers.Layer):
    """max(x - b_j, 0) for j = 1 .. `units`.

    Takes (batch, 1), gives (batch, units). Its weight `bias` holds the thresholds b, (units,), drawn from N(0, 1).

    Zhang et al. 2017, "Understanding deep learning requires rethinking generalization", ICLR, lemma 1.
    """

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.bias = self.add_weight(
            shape=(self.units,), initializer=keras.initializers.RandomNormal(stddev=1.0), name="bias"
        )

    def call(self, x):
        return ops.relu(x - self.bias)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
