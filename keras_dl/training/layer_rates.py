"""Layer-wise learning rates: some layers learn slower or faster than the rest."""

from __future__ import annotations

import fnmatch
import functools
import math
from collections.abc import Sequence

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras


def parse(layer_rates: Sequence[str]) -> dict[str, float]:
    """The factors by pattern of `layer_rates`, such as "stem*=0.1". Raises `UsageError` for another form."""
    factors = {}
    for text in layer_rates:
        pattern, _, number = text.rpartition("=")
        try:
            factors[pattern] = float(number)
        except ValueError:
            factors[pattern] = math.nan
        if not pattern or not 0 < factors[pattern] < math.inf:
            raise UsageError(f"layer_rates are a pattern, = and a factor above 0, such as stem*=0.1; got {text!r}")
    return factors


def factors(model: keras.Model, layer_rates: Sequence[str]) -> dict[str, float]:
    """The factor on the learning rate of every layer of `model` that can be trained, by its name.

    A pattern is a glob on the names of layers, a layer within a layer has the factor of the outer one, and of several
    patterns that match the last one counts. Raises `UsageError` for a pattern that matches no such layer.
    """
    found = {layer.name: 1.0 for layer in model.layers if layer.trainable_variables}
    for pattern, factor in parse(layer_rates).items():
        matched = fnmatch.filter(found, pattern)
        if not matched:
            stages = ", ".join(f"{stage}*" for stage in surgery.stages(model))
            raise UsageError(f"layer_rates: {pattern!r} matches no layer of {model.name} that is trained; try {stages}")
        found |= dict.fromkeys(matched, factor)
    return found


def with_layer_rates(
    kind: type[keras.optimizers.Optimizer], model: keras.Model, layer_rates: Sequence[str], *arguments, **settings
) -> keras.optimizers.Optimizer:
    """The optimizer `kind(*arguments, **settings)` of `model` whose learning rate differs by layer as `factors` says.

    The factor holds at every step, for any schedule, and for the weight decay that the optimizer does itself. It
    comes after clipping. The optimizer has the same variables as one without, so that checkpoints fit both.
    """
    by_name = factors(model, layer_rates)
    optimizer = _with_factors(kind)(*arguments, **settings)
    optimizer.factors = {v.path: by_name[layer.name] for layer in model.layers for v in layer.trainable_variables}
    return optimizer


@functools.cache
def _with_factors(kind: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    class LayerRates(kind):
        def build(self, variables):
            super().build(variables)
            self._factor_of = [self.factors[variable.path] for variable in variables]

        def _factor(self, variable) -> float:
            return self._factor_of[self._get_variable_index(variable)]

        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate * self._factor(variable))

        def _apply_weight_decay(self, variables):
            if self.weight_decay is None:
                return
            for variable in variables:
                if self._use_weight_decay(variable):
                    rate = keras.ops.cast(self.learning_rate, variable.dtype) * self._factor(variable)
                    self.assign_sub(variable, variable * self.weight_decay * rate)

    LayerRates.__name__ = kind.__name__
    return LayerRates
