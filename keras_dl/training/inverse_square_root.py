"""A learning rate that rises, then falls with the root of the number of the step."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_dl")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    """Reaches `rate` in `rising` equal steps and falls from there on as 1 / sqrt(step).

    Vaswani et al. 2017, "Attention Is All You Need", NIPS, section 5.3, equation 3.
    """

    def __init__(self, rate: float, rising: int):
        super().__init__()
        self.rate, self.rising = rate, rising

    def __call__(self, step):
        done = (ops.cast(step, "float32") + 1) / self.rising
        return self.rate * ops.minimum(done, ops.rsqrt(done))

    def get_config(self):
        return {"rate": self.rate, "rising": self.rising}
