"""Options that are valid alone and would do nothing, or something else than they say, together or with these data."""

from __future__ import annotations

import math

from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.names import note
from keras_dl.training.options import Options

STEPS_OF_SCHEDULE = 4
"""with fewer, step would not fall at 50 % and 75 % of them"""


def check_labels(config: Config, data: Data) -> None:
    """Raise `UsageError` for labels that `config` has no output for: XLA would learn from them without a word."""
    classes = max(2, config.classes)
    for name in ("train", "validation"):
        largest = getattr(data, name).labels.max(initial=0)
        if largest >= classes:
            raise UsageError(f"the {name} labels go up to {largest}, the network tells {classes} classes from 0 on")


def check_length(options: Options, examples: int) -> None:
    """Raise `UsageError` for what needs more steps than a training on so many `examples` has."""
    steps = options.epochs * math.ceil(examples / options.batch_size)
    groups = options.gradient_accumulation_steps or 1
    updates = math.ceil(steps / groups)
    if groups > steps:
        raise UsageError(f"gradient_accumulation_steps={groups} is more than the {steps} steps of this training")
    if options.ema_momentum and updates < (needed := math.floor(1 / (1 - options.ema_momentum) + 0.5)):
        raise UsageError(
            f"ema_momentum={options.ema_momentum:g} averages over about {needed:,} updates of the weights, this "
            f"training makes {updates:,}; use at most {1 - 1 / updates:.3g}, or more epochs"
        )
    if options.schedule == "step" and steps < STEPS_OF_SCHEDULE:
        raise UsageError(f"schedule=step needs at least {STEPS_OF_SCHEDULE} steps, this training has {steps}")
    if options.batch_size > examples:
        note(f"batch_size={options.batch_size} is more than the {examples:,} examples; each step takes all of them")


def check_model(model: keras.Model, config: Config, options: Options) -> None:
    """Raise `UsageError` where nothing of `model` would learn, or its own optimizer leaves `options` without effect."""
    if not model.trainable_variables:
        raise UsageError(f"freeze={' '.join(options.freeze)} leaves no weight of {config.family} to train")
    own = config.compiles_itself and model.compiled
    for name in ("ema_momentum", "gradient_accumulation_steps"):
        if own and getattr(options, name) is not None:
            raise UsageError(f"{name} is for the optimizers of keras_dl; this model brings its own, compiled")
