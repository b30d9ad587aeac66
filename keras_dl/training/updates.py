"""How gradients become changes of the weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np

from keras_dl.fields import Positive, Share, at_least
from keras_dl.lazy import keras
from keras_dl.learning.kernels import kernels
from keras_dl.training.layer_rates import factors, parse
from keras_dl.training.optimizer import variant
from keras_dl.training.schedules import Schedule, learning_rate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Updates:
    """The optimizer of a training and its learning rates."""

    optimizer: Literal["adam", "adamw", "sgd", "momentum", "adagrad"] = "adam"
    """update rule; momentum is SGD with momentum 0.9"""
    nesterov: bool = True
    """whether momentum looks ahead along its path, as Nesterov has it, or not, as Polyak"""
    learning_rate: Positive = 1e-3
    """step size at the start"""
    schedule: Schedule = "constant"
    """how the learning rate develops: cosine warms up, then falls to 0; linear falls to 0; step falls to a tenth after
    50 % and 75 % of the steps; exponential falls to a hundredth; inverse_sqrt warms up, then falls with the root of the
    number of the step"""
    warmup: Share = 0.05
    """part of the steps in which the learning rate of schedule=cosine or inverse_sqrt rises from 0"""
    beta_1: Share | None = None
    """of adam and adamw: how much of the running mean of the gradients stays at each step; by default 0.9, or what the
    task needs"""
    beta_2: Share | None = None
    """of adam and adamw: the same for the mean of their squares; by default 0.999"""
    weight_decay: Share = 0.0
    """decoupled weight decay per step, times the learning rate"""
    weight_decay_on: Literal["kernels", "all"] = "kernels"
    """what decays: kernels as in published recipes, so that biases, scales of normalisations, embeddings, positions and
    class tokens go free, or all weights"""
    layer_rates: tuple[str, ...] = ()
    """factors on the learning rate and weight decay of some layers, by pattern: "stem*=0.1" "stage1*=0.3\""""
    global_clipnorm: Positive | None = None
    """longest gradient, all weights taken as one vector; longer ones are shortened"""
    gradient_accumulation_steps: Annotated[int, at_least(2)] | None = None
    """batches whose mean gradient makes one change of the weights"""
    ema_momentum: Share | None = None
    """measure and keep a running average of the weights, such as 0.999 of it and 0.001 of the new ones at each of their
    changes"""

    def __post_init__(self):
        parse(self.layer_rates)


def make_optimizer(
    model: keras.Model, updates: Updates, steps: int, adam: Mapping[str, float] | None = None
) -> keras.optimizers.Optimizer:
    """The optimizer of `updates` for a training of `model` over `steps` batches; `adam` are settings of Adam and AdamW.

    Raises `UsageError` for a pattern of `layer_rates` that matches nothing.
    """
    own = {name: value for name in ("beta_1", "beta_2") if (value := getattr(updates, name)) is not None}
    betas = {**(adam or {}), **own}
    kind, settings = {
        "adam": (keras.optimizers.Adam, betas),
        "adamw": (keras.optimizers.AdamW, betas),
        "sgd": (keras.optimizers.SGD, {}),
        "momentum": (keras.optimizers.SGD, {"momentum": 0.9, "nesterov": updates.nesterov}),
        "adagrad": (keras.optimizers.Adagrad, {}),
    }[updates.optimizer]
    settings["weight_decay"] = updates.weight_decay if updates.optimizer == "adamw" else updates.weight_decay or None
    settings["global_clipnorm"] = updates.global_clipnorm
    settings["learning_rate"] = learning_rate(updates.schedule, updates.learning_rate, steps, updates.warmup)
    settings["gradient_accumulation_steps"] = updates.gradient_accumulation_steps
    if updates.ema_momentum is not None:
        settings |= {"use_ema": True, "ema_momentum": updates.ema_momentum}
    optimizer = variant(kind)(**settings)
    if updates.weight_decay_on == "kernels":
        decaying = {id(kernel) for kernel, _ in kernels(model)}
        optimizer.exclude_from_weight_decay([v for v in model.trainable_variables if id(v) not in decaying])
    if updates.layer_rates:
        by_name = factors(model, updates.layer_rates)
        optimizer.factors = {v.path: by_name[layer.name] for layer in model.layers for v in layer.trainable_variables}
    return optimizer


def averages(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> list[np.ndarray]:
    """Copies of the averages that `optimizer` keeps of the weights, in the order of `model.trainable_variables`.

    Before the first step they are the weights themselves. `optimizer` has `use_ema` and
    is built; it is one of `make_optimizer` or has been adopted, alone or within a `LossScaleOptimizer`.
    """
    rule = unscaled(optimizer)
    variables = model.trainable_variables
    if rule._iterations.numpy():
        kept = rule._model_variables_moving_average
        variables = [kept[rule._get_variable_index(variable)] for variable in variables]
    return [np.array(variable.numpy()) for variable in variables]


def apply_remainder(optimizer: keras.optimizers.Optimizer) -> None:
    """Change the weights once more, if gradients of fewer batches than make an update are left over.

    Their mean makes an update like any other, at the learning rate of the last batch, and the average of the weights
    moves with it; the next batch begins a new group. Keras would leave them out of a training. `optimizer` is one of
    `make_optimizer` or has been adopted, alone or within a `LossScaleOptimizer`.
    """
    unscaled(optimizer).apply_remainder()


def unscaled(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """What is within `optimizer` if that is a `LossScaleOptimizer`; otherwise `optimizer`."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def adopt(optimizer: keras.optimizers.Optimizer) -> None:
    """Give `optimizer`, which somebody else made, what those of `make_optimizer` have: see `variant`."""
    rule = unscaled(optimizer)
    rule.__class__ = variant(type(rule))
