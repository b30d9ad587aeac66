"""The training loop: Keras's `fit`, an epoch at a time, around state that survives anything."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import filelock

from keras_dl import storage, surgery
from keras_dl.accelerate.batches import weighted
from keras_dl.accelerate.devices import at_work, check_batch
from keras_dl.accelerate.workers import prepare
from keras_dl.accelerate.xla import named_operations
from keras_dl.config import Config
from keras_dl.data import Data, Split, fingerprint
from keras_dl.data.raised import raised
from keras_dl.data.reading import untuned
from keras_dl.errors import UsageError, check_place
from keras_dl.figures import only_a_note, plain
from keras_dl.lazy import keras, settings_of_keras, tf
from keras_dl.learning import adapters
from keras_dl.learning.task import Task
from keras_dl.names import note
from keras_dl.tasks import get_task
from keras_dl.training import identity, registered_gradients
from keras_dl.training.callback_state import CallbackState
from keras_dl.training.checkpoint import CHECKPOINTS, Checkpoints, Position
from keras_dl.training.checks import (
    check_batches,
    check_extras,
    check_inputs,
    check_labels,
    check_length,
    check_model,
    check_network,
    check_parts,
    check_structure,
    check_types,
    tell_idle,
)
from keras_dl.training.choice import fastest_xla
from keras_dl.training.curves import plot_curves
from keras_dl.training.epochs import Epochs
from keras_dl.training.inference_weights import InferenceWeights
from keras_dl.training.initialization import initialize
from keras_dl.training.interrupt import SignalWatch
from keras_dl.training.objective import compile_model
from keras_dl.training.options import Options
from keras_dl.training.regularization import drop_inputs
from keras_dl.training.session import Board, Keeper, Session, StopOnNaN


def fit(
    model: keras.Model,
    config: Config,
    data: Data,
    options: Options,
    folder: Path,
    *,
    task: Task | str | None = None,
    augment: Callable | None = None,
    mix: Callable | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    loss: Any = None,
    metrics: Sequence[Any] = (),
    verbose: int = 2,
) -> list[dict]:
    """Train `model`, built by `config`, on `data.train`, watching `data.validation`; return a row per epoch.

    What it learns is `task`, by default that of `config`; the data have the columns that the task's `adapt` gives.
    `folder` receives metrics.jsonl, tensorboard/, curves.png and checkpoints/. If it holds checkpoints already, the
    training goes on from the newest and ends in the same weights, to the bit, as if it had never stopped: the order
    of the data is a function of (seed, epoch), and a checkpoint holds the weights, what the task's learner keeps beside
    them, every optimizer, the running metrics, the random seeds and what the callbacks remember: by `get_state()`, a
    dict of JSON values and arrays, and `set_state(state)`. With `options.patience` the best weights are set at the end.
    `augment(images, seed)` changes a batch of training pictures, or the whole batch by column where a mask or boxes
    belong to them, then `mix(images, labels, seed)` pictures and labels, the latter to shares of the classes, (batch,
    classes). `loss` takes the place of the task's, `metrics` are reported beside its own, both as Keras's `compile`
    takes them. `verbose` is Keras's.

    Validation, callbacks at the end of an epoch and the model at the end have the weights that it would be used with,
    see `InferenceWeights`. With xla or a strategy all batches have one size: the last one of an epoch gets its own
    examples over again, and in validation what fills it up counts nothing. A strategy wants `model` from
    `keras_dl.training.build`. Of multi_worker each process has a `folder` of its own; they save, and stop for a signal
    to any of them, at the ends of epochs only.

    What the training began with is kept as well: training.json and data.json. More `options.epochs` than it began with
    prolong it, whether it has ended or not.

    Raises `Interrupted` after saving when SIGINT or SIGTERM came, `Diverged` when the loss or a weight stops being
    finite, and `UsageError` when another process trains in `folder`, when it holds a training with anything else than
    this network, task, data, options or callbacks, or one whose callbacks could not say their state, when the options
    name a stage or layers that there are not or need more steps than there are, when labels are to be mixed for a
    single output or name classes that the network has not, when `model` is not that of `config` or not for these data,
    and for an operation that XLA cannot compile.
    """
    check_types(model=(model, keras.Model), config=(config, Config), data=(data, Data), options=(options, Options))
    check_extras(callbacks, verbose, augment=augment, mix=mix)
    training = Training(model, config, get_task(task or config.task), data, options, folder, verbose=verbose)
    return training.run(augment=augment, mix=mix, callbacks=callbacks, loss=loss, metrics=metrics)


class Training:
    """One training: see `fit`. `learner` is what trains the network, compiled, from the moment that `run` begins."""

    def __init__(
        self,
        network: keras.Model,
        config: Config,
        task: Task,
        data: Data,
        options: Options,
        folder: Path,
        *,
        verbose: int = 2,
    ):
        self.network, self.config, self.task, self.data = network, config, task.for_data(data.spec), data
        self.options, self.folder, self.verbose = options, folder, verbose
        self.learner: keras.Model = network
        self.arrange = None

    def run(
        self,
        *,
        augment: Callable | None = None,
        mix: Callable | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        loss: Any = None,
        metrics: Sequence[Any] = (),
    ) -> list[dict]:
        """Train, and return a row per epoch; raises as `fit` does."""
        config, data, options = self.config, self.data, self.options
        check_structure(self.network)
        check_parts(self.network, self.task)
        check_inputs(self.network, data, self.task)
        check_network(self.network, config)
        if mix is not None and getattr(config, "classes", 0) == 1:
            raise UsageError("mixed labels need an output per class; use a network of 2 classes in place of one logit")
        check_labels(config, data, self.task)
        check_length(options, len(data.train))
        tell_idle(options)
        folder = self.folder = _made(self.folder)
        lock = filelock.FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise UsageError(
                f"another process is training in {folder}; choose another folder, or wait for it"
            ) from None
        try:
            if options.xla == "auto":
                xla = fastest_xla(config, options, folder, self.task)
                options = self.options = dataclasses.replace(options, xla=xla)
            check_batch(self.network, options.strategy, options.batch_size)
            with (
                settings_of_keras(),
                registered_gradients.forgotten(),
                at_work(self.network, options.strategy),
                named_operations(options),
                raised(),
            ):
                return self._run(augment, mix, callbacks, loss, metrics)
        finally:
            lock.release()

    def prepare(self) -> None:
        """Put the learner around the network, and say how the data are arranged for it."""
        self.learner = self.task.learner(self.network, self.config, self.options)
        self.arrange = self.task.arrange(self.network)

    def _run(self, augment, mix, callbacks, loss, metrics) -> list[dict]:
        config, task, data, options, folder = self.config, self.task, self.data, self.options, self.folder
        if options.initialization:
            initialize(self.network, options.initialization, options.seed)
        if options.freeze:
            surgery.freeze(self.network, options.freeze)
        if options.lora:
            adapters.adapt(self.network, config, options.lora)
        if mix is not None and (not task.compiling(self.network, config, options) or ("class",) not in task.wants):
            raise UsageError(f"{task.name} does not learn from mixed labels; leave mixup and cutmix out")
        self.prepare()
        learner = self.learner
        epochs = Epochs(data.train, options, self.arrange, _changed(augment, options, data.spec.input), mix)
        if learner is self.network:
            check_batches(epochs.begin(0), learner)
        check_model(self.network, config, options)
        compile_model(learner, config, options, epochs.steps, task, loss=loss, metrics=metrics)
        fingerprint.keep(data, folder)
        begun_with = {
            "task": task.to_json(),
            "changes": [name for name, change in (("augment", augment), ("mix", mix)) if change is not None],
            "callbacks": [type(callback).__name__ for callback in callbacks],
            "loss": None if loss is None else _name(loss),
            "metrics": list(map(_name, metrics)),
        }
        training = {"data": data.fingerprint(), **identity.keep(folder, config, options, begun_with)}
        if options.strategy == "multi_worker":
            prepare(learner, task.example(self.network, 1))
        if (options.xla or options.strategy) and data.validation.drawn is None:
            validation = weighted(data.validation, options.batch_size, self.arrange)
        else:
            validation = data.validation.batches(options.batch_size, self.arrange)
        measured = InferenceWeights(learner, options, epochs)
        callbacks = [*self._standard_callbacks(), *callbacks, measured]
        session = Session([*callbacks], add_history=True, add_progbar=self.verbose > 0, model=learner)
        session.set_params({"verbose": self.verbose, "epochs": options.epochs, "steps": epochs.steps})
        session.begin()
        learner.optimizer.build(learner.trainable_variables)
        checkpoints = Checkpoints(folder / CHECKPOINTS, learner, CallbackState(callbacks), storage.digest(training))
        if (folder / CHECKPOINTS).exists():
            learner.evaluate(validation.take(1), verbose=0)  # creates the metrics' variables
            start = checkpoints.restore()
        else:
            start = Position(epoch=0, step=0)

        with SignalWatch() as watch:
            keeper = Keeper(folder, checkpoints, watch, start, epochs.steps)
            keeper.set_model(learner)
            keeper.hold_metrics()
            session.callbacks.append(keeper)
            if start.stopped:
                _tell_stop(start, options)
            else:
                self._run_epochs(start, epochs, validation, session)
        measured.put_in(len(keeper.rows) - 1)
        session.end()
        with only_a_note("curves.png"):
            title = f"{config.family} on {plain(data.spec.name)}"
            plot_curves(keeper.rows, folder / "curves.png", title=title, metric=task.objective.metric)
        return keeper.rows

    def _run_epochs(self, start: Position, epochs: Epochs, validation: tf.data.Dataset, session: Session) -> None:
        options = self.options
        as_they_are = tf.autograph.experimental.do_not_convert(lambda _: validation)
        # Keras begins one that tells its length twice an epoch
        watched = untuned(tf.data.Dataset.range(1).flat_map(as_they_are))
        for epoch in range(start.epoch, options.epochs):
            done = start.step if epoch == start.epoch else 0
            if not done and hasattr(self.learner, "begin_epoch"):
                self.learner.begin_epoch(epoch, options.seed)
            self.learner.fit(
                epochs.begin(epoch, done),
                steps_per_epoch=epochs.steps - done,
                validation_data=watched,
                validation_steps=math.ceil(len(self.data.validation) / options.batch_size),
                initial_epoch=epoch,
                epochs=epoch + 1,
                callbacks=session,
                shuffle=False,
                verbose=0,
            )
            if self.learner.stop_training:
                break

    def _standard_callbacks(self) -> list[keras.callbacks.Callback]:
        callbacks = [Board(self.folder / "tensorboard", write_graph=False), StopOnNaN()]
        if hasattr(self.learner, "callbacks"):
            callbacks += self.learner.callbacks(self.data)
        if self.task.scored_each_epoch:
            callbacks.append(Scores(self))
        if self.options.patience is not None:
            watched = self.task.watched
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    watched.key, mode=watched.direction, patience=self.options.patience, restore_best_weights=True
                )
            )
        return callbacks

    def evaluate(self, split: Split) -> dict[str, float]:
        """All scores of the learner on `split`, by name: means over its examples, and those of the task."""
        batches = split.batches(self.options.batch_size, self.arrange)
        with raised():
            found = self.learner.evaluate(batches, verbose=0, return_dict=True)
            return {**found, **self.task.scores(self.network, self.config, split, self.data.spec)}

    def evaluate_alone(self, split: Split) -> dict[str, float]:
        """Those scores on `split` that the network alone decides, for one that was trained by another learner."""
        if getattr(self.learner, "by_network_alone", True):
            return self.evaluate(split)
        return self.task.scores(self.network, self.config, split, self.data.spec)


class Scores(keras.callbacks.Callback):
    """Adds the scores of the task on the validation split to what an epoch logs."""

    def __init__(self, training: Training):
        super().__init__()
        self._training = training

    def on_epoch_end(self, epoch, logs=None):
        training = self._training
        found = training.task.scores(training.network, training.config, training.data.validation, training.data.spec)
        logs.update({f"val_{name}": value for name, value in found.items()})


def _name(judge: Any) -> str:
    """What a loss or a metric is called: a word, a function or an object of Keras."""
    return judge if isinstance(judge, str) else getattr(judge, "name", None) or getattr(judge, "__name__", repr(judge))


def _tell_stop(start: Position, options: Options) -> None:
    if options.epochs > start.epoch:
        note(f"this training has stopped of itself after epoch {start.epoch}; it does not go on to {options.epochs}")


def _made(folder: str | os.PathLike) -> Path:
    """The folder of a training, made if it is not there. Raises `UsageError` where there can be none."""
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
        raise UsageError(f"folder must be a path, got {folder!r:.60}")
    check_place("folder", folder)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"no training can be in {str(folder)[:80]!r}: {reason}") from None
    return Path(folder)


def _changed(augment: Callable | None, options: Options, name: str) -> Callable | None:
    """`augment`, then the input dropout of `options`, of the column called `name` where whole batches come."""
    if not options.input_dropout:
        return augment

    def change(inputs, seed):
        inputs = inputs if augment is None else augment(inputs, seed)
        if isinstance(inputs, dict):
            return {**inputs, name: drop_inputs(inputs[name], seed, options.input_dropout)}
        return drop_inputs(inputs, seed, options.input_dropout)

    return change
