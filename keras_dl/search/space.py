"""What a search varies: the size of a network, its learning rate, and on request how else it is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from keras_dl.augment.image import CHANGES
from keras_dl.augment.mix import MIXES
from keras_dl.config import Config, Scale
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule
from keras_dl.learning.task import Task
from keras_dl.search import together
from keras_dl.search.settings import Settings
from keras_dl.tasks import get_task
from keras_dl.training import Options

keras_tuner = LazyModule("keras_tuner")
LEARNING_RATES = (1e-4, 1e-1)
REGULARIZATION = {
    "weight_decay": (0.0, 1e-4, 1e-3, 1e-2, 1e-1),
    "label_smoothing": (0.0, 0.05, 0.1, 0.2),
    "input_dropout": (0.0, 0.05, 0.1, 0.2),
    "dropout": (0.0, 0.1, 0.2, 0.4, 0.6),
    "drop_connect": (0.0, 0.05, 0.1, 0.2, 0.4),
    "stochastic_depth": (0.0, 0.05, 0.1, 0.2, 0.4),
}
"""nothing, then steps that each double the last, or are ten times it; the present value joins them"""
NONE = "none"


class Candidate(NamedTuple):
    """What a trial trains with; `augment` names changes to its pictures."""

    config: Config
    options: Options
    augment: tuple[str, ...]


def hyperparameters(config: Config, settings: Settings, task: Task | None = None) -> keras_tuner.HyperParameters:
    """The space around `config`, which learns by `task`; the present network is always a part of it.

    With `settings.tune_size` there is one hyperparameter per number of the `width()` and `depth()` fields, called like
    its field, or field_1, field_2, ...: whole widths double from the lowest to the highest, depths count, multipliers
    are drawn on a log scale. `settings.space` replaces them by "phi" of compound scaling or by "share" of TinyNet's
    rule. A HyperModel brings its own. The other switches add learning_rate, batch_size, the names of `REGULARIZATION`
    and "augmentation". A range that leaves out the present value is widened.

    Raises `UsageError` if nothing is left to vary, or if what is asked for does not suit the network or the data.
    """
    own = config.own_space
    if own is not None and settings.space != "scales":
        raise UsageError(f"space={settings.space} is for networks of the catalogue; a HyperModel has its own space")
    space = _space_of(config)
    if settings.tune_size and own is None:
        _add_size(space, config, settings.space)
    _add_training(space, config, settings, task or get_task(config.task))
    if not space.space:
        raise UsageError(f"nothing of {config.family} is left to vary; set tune_size or tune_learning_rate")
    return space


def smallest(space: keras_tuner.HyperParameters, config: Config) -> dict[str, Any] | None:
    """The lowest value of every hyperparameter; None for a space of the network's own, which does not tell sizes."""
    if config.own_space is not None:
        return None
    return {p.name: p.min_value if hasattr(p, "min_value") else p.values[0] for p in space.space}


def apply(values: dict[str, Any], config: Config, settings: Settings) -> Candidate:
    """What `values`, by name of hyperparameter, stand for: the network, the options and the augmentation of a trial.

    Raises `UsageError` where the values together make no valid config.
    """
    names = [name for name in REGULARIZATION if name in values and _is_field(name, config)]
    theirs = {parameter.name for parameter in _space_of(config).space}
    if settings.tune_size and config.own_space is None:
        config = _sized(values, config, settings.space)
    config = config.with_values({name: value for name, value in values.items() if name in theirs})
    values = {name: value for name, value in values.items() if name not in theirs}
    config = config.replace(**{name: values[name] for name in names})
    trained = ("learning_rate", "batch_size", *REGULARIZATION)
    options = {name: values[name] for name in trained if name in values and name not in names}
    augmentation = values.get("augmentation", NONE)
    return Candidate(
        config=config,
        options=dataclasses.replace(settings.training(), **options),
        augment=() if augmentation == NONE else (augmentation,),
    )


def _space_of(config: Config) -> keras_tuner.HyperParameters:
    """The space that `config` brings; an empty one if it brings none."""
    own = config.own_space
    return keras_tuner.HyperParameters() if own is None else keras_tuner.HyperParameters.from_config(own)


def _add_size(space: keras_tuner.HyperParameters, config: Config, kind: str) -> None:
    match kind:
        case "scales":
            for field, scale in config.scales().items():
                for name, number in _numbers(field, getattr(config, field)):
                    _add(space, name, number, scale)
        case "compound":
            together.check(config, kind)
            space.Float("phi", *together.PHI, default=0.0)
        case "tinynet":
            together.check(config, kind)
            space.Float("share", *together.SHARES, sampling="log", default=1.0)


def _sized(values: dict[str, Any], config: Config, kind: str) -> Config:
    match kind:
        case "scales":
            scales = config.scales()
            return config.replace(**{field: _replaced(field, getattr(config, field), values) for field in scales})
        case "compound":
            return together.compound(config, values["phi"])
        case "tinynet":
            return together.tinynet(config, values["share"])


def _add_training(space: keras_tuner.HyperParameters, config: Config, settings: Settings, task: Task) -> None:
    compiled = config.compiles_itself
    if settings.tune_learning_rate and not compiled:
        rate, (low, high) = settings.learning_rate, LEARNING_RATES
        space.Float("learning_rate", min(low, rate), max(high, rate), sampling="log", default=rate)
    if settings.tune_batch_size:
        present = settings.batch_size
        power = present.bit_length() - 1
        sizes = {2**exponent for exponent in range(max(0, power - 2), power + 3)} | {present}
        space.Choice("batch_size", sorted(sizes), default=present, ordered=True)
    if settings.tune_regularization:
        idle = _idle(config, task)
        for name, steps in REGULARIZATION.items():
            if (compiled and name != "input_dropout") or name in idle:
                continue
            if (present := getattr(config if _is_field(name, config) else settings, name, None)) is not None:
                space.Choice(name, sorted({*steps, present}), default=present, ordered=True)
    if settings.tune_augmentation:
        if len(shape := getattr(config, "input_shape", ())) != 3:
            raise UsageError(
                f"tune_augmentation changes pictures, the inputs of {config.family} have the shape {shape}"
            )
        mixes = MIXES if "class" in _told(task) else ()
        names = [name for name in (*CHANGES, *mixes) if name != "color" or shape[-1] == 3]
        space.Choice("augmentation", [NONE, *names], default=NONE)


def _told(task: Task) -> set[str]:
    """The kinds of columns that the data must have."""
    return {kind for kinds in task.wants for kind in kinds}


def _idle(config: Config, task: Task) -> set[str]:
    """What means nothing: smoothed labels where no classes are told, zeros among the inputs where these are tokens."""
    idle = set() if _told(task) & {"class", "mask"} else {"label_smoothing"}
    return idle if hasattr(config, "input_shape") else {*idle, "input_dropout"}


def _is_field(name: str, config: Config) -> bool:
    return name in {field.name for field in dataclasses.fields(config)}


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
