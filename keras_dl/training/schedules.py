"""How the learning rate develops over a training."""

from __future__ import annotations

from typing import Literal

from keras_dl.lazy import keras

Schedule = Literal["constant", "cosine", "linear", "step", "exponential", "inverse_sqrt"]


def learning_rate(
    schedule: Schedule, rate: float, steps: int, warmup: float = 0.05
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate at each of `steps` steps, from `rate` on, as an optimizer takes it.

    cosine warms up from 0 for the part `warmup` of the steps, then falls to 0 along half a cosine (Loshchilov & Hutter
    2017); linear falls to 0 in equal steps; step falls to a tenth after 50 % and 75 % of the steps (He et al. 2016,
    section 4.2); exponential falls by equal factors to a hundredth; inverse_sqrt rises in equal steps for the part
    `warmup`, then falls with the root of the number of the step (Vaswani et al. 2017, section 5.3).
    """
    schedules = keras.optimizers.schedules
    match schedule:
        case "cosine":
            rising = min(steps - 1, int(warmup * steps))
            return schedules.CosineDecay(
                0.0 if rising else rate,
                steps - rising,
                warmup_target=rate if rising else None,
                warmup_steps=rising,
            )
        case "linear":
            return schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0)
        case "step":
            return schedules.PiecewiseConstantDecay([steps // 2, steps * 3 // 4], [rate, rate / 10, rate / 100])
        case "exponential":
            return schedules.ExponentialDecay(rate, steps, decay_rate=0.01)
        case "inverse_sqrt":
            from keras_dl.training.inverse_square_root import InverseSquareRoot

            return InverseSquareRoot(rate, max(1, int(warmup * steps)))
    return rate
