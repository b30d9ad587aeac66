"""The training loop: Keras's `fit`, an epoch at a time, around state that survives anything."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import filelock

from keras_dl import storage, surgery
from keras_dl.accelerate.batches import weighted
from keras_dl.accelerate.devices import at_work, check_batch
from keras_dl.accelerate.workers import prepare
from keras_dl.accelerate.xla import named_operations
from keras_dl.config import Config
from keras_dl.data import Data, fingerprint
from keras_dl.errors import UsageError, check_place
from keras_dl.figures import only_a_note, plain
from keras_dl.lazy import keras, settings_of_keras, tf
from keras_dl.names import note
from keras_dl.training import identity, registered_gradients
from keras_dl.training.checkpoint import CHECKPOINTS, CallbackState, Checkpoints, Position
from keras_dl.training.checks import (
    check_batches,
    check_extras,
    check_labels,
    check_length,
    check_model,
    check_network,
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
from keras_dl.training.relative_localization import with_relative_localization
from keras_dl.training.session import Board, Keeper, Session, StopOnNaN


def fit(
    model: keras.Model,
    config: Config,
    data: Data,
    options: Options,
    folder: Path,
    *,
    augment: Callable | None = None,
    mix: Callable | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 2,
) -> list[dict]:
    """Train `model`, built by `config`, on `data.train`, watching `data.validation`; return a row per epoch.

    `folder` receives metrics.jsonl, tensorboard/, curves.png and checkpoints/. If it holds checkpoints already, the
    training goes on from the newest and ends in the same weights, to the bit, as if it had never stopped: the order
    of the data is a function of (seed, epoch), and a checkpoint holds the weights, the optimizer, the running metrics,
    the random seeds and what the callbacks remember. With `options.patience` the best weights are set at the end.
    With `options.drloc` a further loss trains the same weights; what it needs beside them is kept in the checkpoints
    only. `augment(images, seed)` changes a batch of training pictures, then `mix(images, labels, seed)` pictures and
    labels, the latter to shares of the classes, (batch, classes). `verbose` is Keras's.

    Validation, callbacks at the end of an epoch and the model at the end have the weights that it would be used with,
    see `InferenceWeights`. With xla or a strategy all batches have one size: the last one of an epoch gets its own
    examples over again, and in validation what fills it up counts nothing. A strategy wants `model` from
    `keras_dl.training.build`. Of multi_worker each process has a `folder` of its own; they save, and stop for a signal
    to any of them, at the ends of epochs only.

    What the training began with is kept as well: training.json and data.json. More `options.epochs` than it began with
    prolong it, whether it has ended or not.

    Raises `Interrupted` after saving when SIGINT or SIGTERM came, `Diverged` when the loss or a weight stops being
    finite, and `UsageError` when another process trains in `folder`, when it holds a training with anything else than
    this network, data, options or callbacks, when the options name a stage or layers that there are not or need more
    steps than there are, when labels are to be mixed for a single output or name classes that the network has not, when
    `model` is not that of `config` or not for these data, and for an operation that XLA cannot compile.
    """
    check_types(model=(model, keras.Model), config=(config, Config), data=(data, Data), options=(options, Options))
    check_extras(callbacks, verbose, augment=augment, mix=mix)
    check_network(model, config, data)
    if mix is not None and config.classes == 1:
        raise UsageError("mixed labels need an output per class; use a network of 2 classes in place of one logit")
    check_labels(config, data)
    check_length(options, len(data.train))
    tell_idle(options)
    folder = _made(folder)
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise UsageError(f"another process is training in {folder}; choose another folder, or wait for it") from None
    try:
        if options.xla == "auto":
            options = dataclasses.replace(options, xla=fastest_xla(config, options, folder))
        check_batch(model, options.strategy, options.batch_size)
        with (
            settings_of_keras(),
            registered_gradients.forgotten(),
            at_work(model, options.strategy),
            named_operations(options),
        ):
            return _fit(model, config, data, options, folder, augment, mix, callbacks, verbose)
    finally:
        lock.release()


def _fit(model, config, data, options, folder, augment, mix, callbacks, verbose) -> list[dict]:
    epochs = Epochs(data.train, options, _changed(augment, options), mix)
    check_batches(epochs.begin(0), data)
    if options.initialization:
        initialize(model, options.initialization, options.seed)
    if options.freeze:
        surgery.freeze(model, options.freeze)
    check_model(model, config, options)
    compile_model(model, config, options, epochs.steps)
    if options.drloc:
        model = with_relative_localization(model, options.drloc)
        compile_model(model, config, options, epochs.steps)
    fingerprint.keep(data, folder)
    parts = {
        "changes": [name for name, change in (("augment", augment), ("mix", mix)) if change is not None],
        "callbacks": [type(callback).__name__ for callback in callbacks],
    }
    training = {"data": data.fingerprint(), **identity.keep(folder, config, options, parts)}
    if options.strategy == "multi_worker":
        prepare(model)
    if options.xla or options.strategy:
        validation = weighted(data.validation, options.batch_size)
    else:
        validation = data.validation.batches(options.batch_size)
    measured = InferenceWeights(model, options, epochs)
    callbacks = [*_standard_callbacks(options, folder), *callbacks, measured]
    session = Session([*callbacks], add_history=True, add_progbar=verbose > 0, model=model)
    session.set_params({"verbose": verbose, "epochs": options.epochs, "steps": epochs.steps})
    session.begin()
    model.optimizer.build(model.trainable_variables)
    checkpoints = Checkpoints(folder / CHECKPOINTS, model, CallbackState(callbacks), storage.digest(training))
    if (folder / CHECKPOINTS).exists():
        model.evaluate(validation.take(1), verbose=0)  # creates the metrics' variables
        start = checkpoints.restore()
    else:
        start = Position(epoch=0, step=0)

    with SignalWatch() as watch:
        keeper = Keeper(folder, checkpoints, watch, start, epochs.steps)
        keeper.set_model(model)
        keeper.hold_metrics()
        session.callbacks.append(keeper)
        if start.stopped:
            _tell_stop(start, options)
        else:
            _run_epochs(model, data, options, start, epochs, validation, session)
    measured.put_in(len(keeper.rows) - 1)
    session.end()
    with only_a_note("curves.png"):
        plot_curves(keeper.rows, folder / "curves.png", title=f"{config.family} on {plain(data.spec.name)}")
    return keeper.rows


def _run_epochs(model, data, options, start, epochs, validation, session) -> None:
    as_they_are = tf.autograph.experimental.do_not_convert(lambda _: validation)
    watched = tf.data.Dataset.range(1).flat_map(as_they_are)  # Keras begins one that tells its length twice an epoch
    for epoch in range(start.epoch, options.epochs):
        done = start.step if epoch == start.epoch else 0
        model.fit(
            epochs.begin(epoch, done),
            steps_per_epoch=epochs.steps - done,
            validation_data=watched,
            validation_steps=math.ceil(len(data.validation) / options.batch_size),
            initial_epoch=epoch,
            epochs=epoch + 1,
            callbacks=session,
            shuffle=False,
            verbose=0,
        )
        if model.stop_training:
            break


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


def _changed(augment: Callable | None, options: Options) -> Callable | None:
    """`augment`, then the input dropout of `options`."""
    if not options.input_dropout:
        return augment

    def change(inputs, seed):
        inputs = inputs if augment is None else augment(inputs, seed)
        return drop_inputs(inputs, seed, options.input_dropout)

    return change


def _standard_callbacks(options: Options, folder: Path) -> list[keras.callbacks.Callback]:
    callbacks = [Board(folder / "tensorboard", write_graph=False), StopOnNaN()]
    if options.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=options.patience, restore_best_weights=True)
        )
    return callbacks
