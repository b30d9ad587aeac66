"""A layer that changes nothing on the way forward and the sign of the gradient on the way back."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class GradientReversal(keras.layers.Layer):
    """Passes on its input of any shape; the gradient g of what follows comes back as -`factor` g.

    What lies before it learns the contrary of what lies after it. The factor is a variable that no optimizer changes,
    for schedules to assign.

    Ganin et al. 2016, "Domain-Adversarial Training of Neural Networks", JMLR 17, section 4.2.
    """

    def __init__(self, factor: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.initial_factor = factor
        self.factor = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(factor), trainable=False, name="factor"
        )

    def call(self, inputs):
        fixed = ops.stop_gradient(inputs)
        return fixed + ops.cast(self.factor, inputs.dtype) * (fixed - inputs)  # adds 0, whose gradient is -factor

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "factor": self.initial_factor}
