"""Keras's optimizers with rates by layer, exact averages of the weights, and a last update from what is left over."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from keras_dl.lazy import keras


@functools.cache
def variant(kind: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    """The class `kind` with three things that Keras lacks. Its variables are the same, so that checkpoints fit both.

    `factors` by the paths of variables scale the learning rate and the weight decay that the optimizer does itself, at
    every step, for any schedule, after clipping. With `use_ema` the average moves when the weights do, behind their
    constraints, which with accumulated gradients is once a group, and `finalize_variable_values` leaves the weights
    alone: Keras would put the averages in at the end of each `fit`, on JAX in one buffer with the average itself.
    `apply_remainder` makes an update from a group of batches that is not full.
    """

    if hasattr(kind, "apply_remainder"):
        return kind

    class Variant(kind):
        factors: Mapping[str, float] | None = None

        def build(self, variables):
            super().build(variables)
            if self.factors is not None:
                self._factor_of = [self.factors[variable.path] for variable in variables]

        def _factor(self, variable) -> float:
            return self._factor_of[self._get_variable_index(variable)]

        def update_step(self, gradient, variable, learning_rate):
            if self.factors is not None:
                learning_rate = learning_rate * self._factor(variable)
            super().update_step(gradient, variable, learning_rate)

        def _apply_weight_decay(self, variables):
            if self.factors is None or self.weight_decay is None:
                return super()._apply_weight_decay(variables)
            for variable in variables:
                if self._use_weight_decay(variable):
                    rate = keras.ops.cast(self.learning_rate, variable.dtype) * self._factor(variable)
                    self.assign_sub(variable, variable * self.weight_decay * rate)

        def apply(self, grads, trainable_variables=None):
            super().apply(grads, trainable_variables)
            if self.use_ema:
                self._average()

        def _average(self):
            """Up to the first update the average is the weights themselves."""
            moved = keras.ops.equal(self._iterations % (self.gradient_accumulation_steps or 1), 0)
            momentum = keras.ops.where(self.iterations <= 1, 0.0, keras.ops.where(moved, self.ema_momentum, 1.0))
            for variable, average in zip(self._trainable_variables, self._model_variables_moving_average, strict=True):
                share = keras.ops.cast(momentum, variable.dtype)
                average.assign(share * average + (1 - share) * variable)

        def _update_model_variables_moving_average(self, variables):
            pass

        def finalize_variable_values(self, var_list):
            pass

        def apply_remainder(self):
            steps = self.gradient_accumulation_steps
            left = int(self._iterations) % steps if steps else 0
            if not left:
                return
            variables = self._trainable_variables
            gradients = self._clip_gradients([gradient / left for gradient in self._accumulated_gradients])
            self._iterations.assign_sub(1)  # the learning rate is that of the last batch
            self._apply_weight_decay(variables)
            self._backend_update_step(gradients, variables, self.learning_rate)
            self._backend_reset_gradient_accumulators()
            for variable in variables:
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable))
            self._iterations.assign_add(1 + steps - left)
            if self.use_ema:
                self._average()

    for attribute in ("__name__", "__qualname__", "__module__"):
        setattr(Variant, attribute, getattr(kind, attribute))
    return Variant
