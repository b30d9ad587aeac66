"""What `fit` cannot take: arguments of other kinds, and options that are void together or with these data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from keras_dl.catalogue.describe import describe
from keras_dl.config import Config
from keras_dl.data import Data
from keras_dl.data.source import Array
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf
from keras_dl.learning.task import Task
from keras_dl.names import note
from keras_dl.training.options import Options

STEPS_OF_SCHEDULE = 4
"""with fewer, step would not fall at 50 % and 75 % of them"""


def check_types(**arguments: tuple[Any, type]) -> None:
    """Raise `UsageError` for an argument that is not of the type beside it."""
    for name, (value, kind) in arguments.items():
        if not isinstance(value, kind):
            raise UsageError(f"{name} must be a {kind.__module__.partition('.')[0]} {kind.__name__}, got {value!r:.60}")


def check_extras(callbacks: Any, verbose: Any, **changes: Any) -> None:
    """Raise `UsageError` for what are no callbacks, for changes that cannot be called, and for another `verbose`."""
    if not isinstance(callbacks, Sequence) or not all(isinstance(one, keras.callbacks.Callback) for one in callbacks):
        raise UsageError(f"callbacks must be a list of keras.callbacks.Callback, got {callbacks!r:.60}")
    for name, change in changes.items():
        if change is not None and not callable(change):
            raise UsageError(f"{name} must be a function, got {change!r:.60}")
    if verbose not in (0, 1, 2, "auto"):
        raise UsageError(f"verbose must be 0, 1, 2 or 'auto', got {verbose!r:.60}")


def check_structure(model: keras.Model) -> None:
    """Raise `UsageError` unless `model` is a network from inputs to outputs, several of them by name."""
    if not model.built or not hasattr(model, "outputs"):
        raise UsageError(f"{model.name} has no inputs and outputs yet; build it by its config, or by `keras.Model`")
    for kind, tensors, found in (("inputs", model.inputs, model.input), ("outputs", model.outputs, model.output)):
        if len(tensors) > 1 and not isinstance(found, dict):
            raise UsageError(
                f"{model.name} has {len(tensors)} {kind}; this training takes one, or a dict of them by name"
            )


def check_network(model: keras.Model, config: Config) -> None:
    """Raise `UsageError` unless `model` is that of `config`."""
    classes = getattr(config, "classes", None)
    if classes and len(model.outputs) == 1 and (last := model.outputs[0].shape[-1]) != classes:
        raise UsageError(f"{model.name} has {last} outputs, its config says classes={classes}")
    if config.foreign:  # what a user's code builds is known from `model` alone
        return
    if (count := model.count_params()) != (described := describe(config).parameters):
        raise UsageError(f"{model.name} has {count:,} parameters, this {config.family} {described:,}: it is another")


def check_parts(model: keras.Model, task: Task) -> None:
    """Raise `UsageError` for a network that is not made of the models that `task` trains."""
    if missing := [part for part in task.parts if part not in {layer.name for layer in model.layers}]:
        raise UsageError(f"{task.name} is for networks of {' and '.join(task.parts)}; {model.name} has no {missing[0]}")


def check_inputs(model: keras.Model, data: Data, task: Task) -> None:
    """Raise `UsageError` for a network of one input that takes another shape than the examples of `data` have."""
    shapes = [tensor.shape[1:] for tensor in task.entrances(model)]
    if len(shapes) == 1 and not tf.TensorShape(shapes[0]).is_compatible_with(data.spec.shape):
        raise UsageError(
            f"{model.name} takes inputs of shape {shapes[0]}, those of {data.spec.name} have {data.spec.shape}; "
            "`config.for_data(data.spec)` is the network for them"
        )


def check_batches(batches: tf.data.Dataset, model: keras.Model) -> None:
    """Raise `UsageError` for training `batches` that `augment` and `mix` have made something else of than (x, y)."""
    if not isinstance(batches.element_spec, tuple) or len(batches.element_spec) not in (2, 3):
        raise UsageError("mix must return pictures and labels, as (x, y)")
    x = batches.element_spec[0]
    if not isinstance(x, dict) and len(model.inputs) == 1:
        wanted, shape = model.inputs[0].shape[1:], x.shape[1:]
        if not shape.is_compatible_with(wanted):
            raise UsageError(f"augment and mix must keep the shape {wanted} of an input, they make {shape} of it")


def check_labels(config: Config, data: Data, task: Task) -> None:
    """Raise `UsageError` for labels that `config` has no output for: XLA would learn from them without a word."""
    column = next((name for name in ("label", "mask") if name in data.spec.columns), None)
    told = any({"class", "mask"} & set(kinds) for kinds in task.wants)
    if column is None or not told or not hasattr(config, "classes"):
        return
    classes = max(2, config.classes)
    for name in ("train", "validation"):
        source = getattr(data, name).columns[column]
        largest = source.values.max(initial=0) if isinstance(source, Array) else 0
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
        digits = 10 ** (len(str(updates)) + 2)
        most = math.floor((1 - 1 / updates) * digits) / digits  # rounded up it would be refused again
        raise UsageError(
            f"ema_momentum={options.ema_momentum} averages over about {needed:,} updates of the weights, this "
            f"training makes {updates:,}; use at most {most}, or more epochs"
        )
    if options.schedule == "step" and steps < STEPS_OF_SCHEDULE:
        raise UsageError(f"schedule=step needs at least {STEPS_OF_SCHEDULE} steps, this training has {steps}")
    if options.batch_size > examples:
        note(f"batch_size={options.batch_size} is more than the {examples:,} examples; each step takes all of them")


def tell_idle(options: Options) -> None:
    """Say which of `options` change nothing, since what they belong to is not wanted."""
    idle = {
        f"nesterov=False with optimizer={options.optimizer}": not options.nesterov and options.optimizer != "momentum",
        "weight_decay_on=all without weight_decay": options.weight_decay_on == "all" and not options.weight_decay,
        f"warmup={options.warmup} with schedule={options.schedule}": options.warmup != Options.warmup
        and options.schedule not in ("cosine", "inverse_sqrt"),
        f"beta_1 and beta_2 with optimizer={options.optimizer}": (options.beta_1, options.beta_2) != (None, None)
        and options.optimizer not in ("adam", "adamw"),
        "ema_momentum=0": options.ema_momentum == 0,
    }
    for words in filter(idle.get, idle):
        note(f"{words} changes nothing")


def check_model(model: keras.Model, config: Config, options: Options) -> None:
    """Raise `UsageError` where nothing of `model` would learn, or its own optimizer leaves `options` without effect."""
    if not model.trainable_variables:
        raise UsageError(f"freeze={' '.join(options.freeze)} leaves no weight of {config.family} to train")
    own = config.compiles_itself and model.compiled
    if options.input_dropout and any("int" in str(tensor.dtype) for tensor in model.inputs):
        raise UsageError(f"input_dropout sets numbers to 0, {config.family} takes tokens; use its own dropout")
    for name in ("ema_momentum", "gradient_accumulation_steps"):
        if own and getattr(options, name) is not None:
            raise UsageError(f"{name} is for the optimizers of keras_dl; this model brings its own, compiled")
