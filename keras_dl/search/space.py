"""What a search varies: every number of a config's `width()` and `depth()` fields, and the learning rate."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from keras_dl.config import Config, Scale
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule
from keras_dl.search.settings import Settings
from keras_dl.training import Options

keras_tuner = LazyModule("keras_tuner")
LEARNING_RATES = (1e-4, 1e-1)


def hyperparameters(config: Config, settings: Settings) -> keras_tuner.HyperParameters:
    """The space around `config`: one hyperparameter per number, called like its field, or field_1, field_2, ...

    Whole widths double from the lowest to the highest, depths count, multipliers are drawn on a log scale. With
    `settings.tune_learning_rate` the learning rate is varied too. A range that leaves out the present value is widened.
    Raises `UsageError` if nothing is left to vary.
    """
    space = keras_tuner.HyperParameters()
    for field, scale in config.scales().items():
        for name, number in _numbers(field, getattr(config, field)):
            _add(space, name, number, scale)
    if settings.tune_learning_rate:
        rate, (low, high) = settings.learning_rate, LEARNING_RATES
        space.Float("learning_rate", min(low, rate), max(high, rate), sampling="log", default=rate)
    if not space.space:
        raise UsageError(f"{config.family} has no width or depth to search; set tune_learning_rate")
    return space


def smallest(space: keras_tuner.HyperParameters) -> dict[str, Any]:
    """The lowest value of every hyperparameter."""
    return {parameter.name: parameter.min_value for parameter in space.space}


def apply(values: dict[str, Any], config: Config, options: Options) -> tuple[Config, Options]:
    """The config and options that `values`, by name of hyperparameter, stand for.

    Raises `UsageError` where the values together make no valid config.
    """
    changes = {field: _replaced(field, getattr(config, field), values) for field in config.scales()}
    rate = values.get("learning_rate", options.learning_rate)
    return config.replace(**changes), dataclasses.replace(options, learning_rate=rate)


def _numbers(name: str, value: Any) -> Iterator[tuple[str, int | float]]:
    if isinstance(value, tuple):
        for position, item in enumerate(value, start=1):
            yield from _numbers(f"{name}_{position}", item)
    else:
        yield name, value


def _replaced(name: str, value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, tuple):
        return tuple(_replaced(f"{name}_{i}", item, values) for i, item in enumerate(value, start=1))
    return type(value)(values[name])


def _add(space: keras_tuner.HyperParameters, name: str, number: int | float, scale: Scale) -> None:
    low, high = min(scale.low, number), max(scale.high, number)
    if isinstance(number, float):
        space.Float(name, low, high, sampling="log", default=number)
    elif scale.axis == "depth":
        space.Int(name, int(low), int(high), step=1, default=number)
    else:
        low = max(1, int(low) // scale.multiple_of) * scale.multiple_of
        space.Int(name, low, max(low, int(high)), step=2, sampling="log", default=number)
