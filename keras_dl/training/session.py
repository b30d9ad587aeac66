"""Keras callbacks of one training that spans several `model.fit` calls, an epoch each."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np

from keras_dl import storage
from keras_dl.accelerate.workers import any_worker, together
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner
from keras_dl.training.checkpoint import Checkpoints, Position
from keras_dl.training.interrupt import Interrupted, SignalWatch

SECONDS_BETWEEN_SAVES = 60.0


class Session(keras.callbacks.CallbackList):
    """A callback list that begins and ends when told to, not at every `fit`, so that callbacks keep their state."""

    def on_train_begin(self, logs=None):
        pass

    def on_train_end(self, logs=None):
        pass

    def begin(self):
        super().on_train_begin()

    def end(self):
        super().on_train_end()


class Board(keras.callbacks.TensorBoard):
    """TensorBoard of epochs, without what Keras prepares at every step and drops, a tenth of a short step."""

    def on_train_batch_end(self, batch, logs=None):
        pass


class Diverged(UsageError):
    """The loss or a weight is no longer finite."""


class StopOnNaN(keras.callbacks.Callback):
    """Raises `Diverged`, saying when and what to try, at the first step whose loss is not finite.

    So it does where the loss is larger than the learner's can be. At the end of an epoch it looks at the weights too:
    on CPUs a rectifier makes 0 of NaN, and a loss of it is finite.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        most = getattr(self.model, "largest_loss", Learner.largest_loss)
        if not abs(logs["loss"]) <= most:
            names = getattr(self.model, "losses_named", ())
            name = next((name for name in names if not abs(logs[name]) <= most), "loss")
            self._give_up(f"the {name} became {float(logs[name]):g} in epoch {self._epoch + 1}, step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        for variable in self.model.variables:
            values = keras.ops.convert_to_numpy(variable)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                self._give_up(f"the weight {variable.path} is no longer finite after epoch {epoch + 1}")

    def _give_up(self, what: str):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        remedy = getattr(self.model, "remedy", Learner.remedy)
        raise Diverged(f"{what}; try a smaller learning rate than {rate:g}, or {remedy}")


class Keeper(keras.callbacks.Callback):
    """Writes the row of metrics and the checkpoint of every epoch, and grants the wish to stop.

    Within an epoch it saves about once a minute, and when a signal has come, unless there are other workers, who are
    not at the same step. It must be the last callback.
    """

    def __init__(self, folder: Path, checkpoints: Checkpoints, watch: SignalWatch, start: Position, steps: int):
        super().__init__()
        self.rows = list(start.rows)
        self._folder = folder
        self._checkpoints = checkpoints
        self._watch = watch
        self._start = start
        self._steps = steps
        self._saved_at = time.monotonic()
        self._metrics = None
        storage.write(folder / "metrics.jsonl", "")
        for row in self.rows:
            storage.append_line(folder / "metrics.jsonl", row)

    def hold_metrics(self) -> None:
        """Remember the running metrics of a half-done epoch, which Keras resets at its beginning."""
        self._metrics = [variable.numpy() for variable in self.model.metrics_variables]

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._first_step = self._start.step if epoch == self._start.epoch else 0
        self._began_at = time.monotonic()
        if self._first_step:
            for variable, value in zip(self.model.metrics_variables, self._metrics, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        done = self._first_step + batch + 1
        due = time.monotonic() - self._saved_at > SECONDS_BETWEEN_SAVES
        if (due or self._watch.received) and done < self._steps and not together():
            self._save(Position(epoch=self._epoch, step=done, rows=tuple(self.rows)))

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch, **{key: float(value) for key, value in logs.items()}}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        row["seconds"] = round(time.monotonic() - self._began_at, 3)
        self.rows.append(row)
        storage.append_line(self._folder / "metrics.jsonl", row)
        self._save(Position(epoch=epoch + 1, step=0, rows=tuple(self.rows), stopped=self.model.stop_training))

    def _save(self, position: Position) -> None:
        self._checkpoints.save(position)
        self._saved_at = time.monotonic()
        if any_worker(self._watch.received is not None):
            number = self._watch.received or signal.SIGTERM
            name = signal.Signals(number).name
            raise Interrupted(number, f"stopped by {name} in epoch {self._epoch + 1}, state saved")
