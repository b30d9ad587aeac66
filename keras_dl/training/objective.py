"""A learner compiled: the loss and metrics of its task, the optimizer of its options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_dl.accelerate.xla import check_layers
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.task import Task
from keras_dl.tasks import get_task
from keras_dl.training.options import Options
from keras_dl.training.regularization import regularize
from keras_dl.training.several import Several
from keras_dl.training.updates import adopt, make_optimizer


def compile_model(
    learner: keras.Model,
    config: Config,
    options: Options,
    steps_per_epoch: int,
    task: Task | None = None,
    *,
    loss: Any = None,
    metrics: Sequence[Any] = (),
) -> None:
    """Compile `learner`, a network of `config` or what `task` has put around it; by default the task of `config`.

    `loss` takes the place of the task's, and `metrics` are reported beside its own, both as Keras's `compile` takes
    them. The penalties and bounds of `options` are put on the weights of the network. Where `config` compiles itself,
    its optimizer and loss stay. With precision=float16 the optimizers scale the loss. JAX always compiles.

    Raises `UsageError` for layers that XLA cannot compile if it is wanted, for options that several optimizers do not
    take, and for another loss or more metrics where the task has a learner with losses of its own.
    """
    task = task or get_task(config.task)
    network = getattr(learner, "network", learner)
    regularize(network, options)
    arguments = task.compiling(network, config, options)
    if not arguments and (loss is not None or metrics):
        raise UsageError(f"{task.name} learns by losses of its own; leave loss and metrics out")
    if arguments:
        arguments["weighted_metrics"] = [*arguments["weighted_metrics"], *metrics]
    if loss is not None:
        arguments["loss"] = loss
    if config.compiles_itself and learner.compiled:
        adopt(learner.optimizer)
        _compile(learner, learner.optimizer, {**arguments, "loss": learner.loss}, options)
        return
    steps = options.epochs * steps_per_epoch
    if hasattr(learner, "stretch"):
        learner.stretch(steps)
    parts = learner.parts() if hasattr(learner, "parts") else {"main": learner.trainable_variables}
    if len(parts) == 1:
        optimizer = _optimizer(learner, task, options, steps)
    else:
        for name in ("ema_momentum", "gradient_accumulation_steps"):
            if getattr(options, name) is not None:
                raise UsageError(f"{name} is for one optimizer; {task.name} trains {' and '.join(parts)} by their own")
        optimizer = Several({name: _optimizer(learner, task, options, steps) for name in parts})
        for name, variables in parts.items():
            optimizer.parts[name].build(variables)
    _compile(learner, optimizer, arguments, options)


def _optimizer(learner: keras.Model, task: Task, options: Options, steps: int) -> keras.optimizers.Optimizer:
    optimizer = make_optimizer(learner, options, steps, task.adam)
    return keras.optimizers.LossScaleOptimizer(optimizer) if options.precision == "float16" else optimizer


def _compile(
    learner: keras.Model, optimizer: keras.optimizers.Optimizer, arguments: dict[str, Any], options: Options
) -> None:
    if options.xla and keras.backend.backend() == "tensorflow":
        check_layers(learner)
    learner.compile(
        optimizer=optimizer,
        jit_compile=options.xla if keras.backend.backend() == "tensorflow" else "auto",
        steps_per_execution=options.steps_per_execution,
        auto_scale_loss=not isinstance(optimizer, Several),
        **arguments,
    )
