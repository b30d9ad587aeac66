"""Layer-wise learning rates: some layers learn slower or faster than the rest."""

from __future__ import annotations

import fnmatch
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
