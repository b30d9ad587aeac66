"""The trials of a search for the HParams page of TensorBoard."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from keras_dl.lazy import LazyModule, tf
from keras_dl.learning.objective import Objective
from keras_dl.search.ledger import COMPLETED, Trial
from keras_dl.search.metrics import whole_rows

api = LazyModule("tensorboard.plugins.hparams.api")


def write_hparams(trials: Sequence[Trial], objective: Objective, folder: Path, trials_folder: Path) -> None:
    """Write the completed `trials` into `folder`, one session each: values, score by epoch, parameters, latency.

    What is there is replaced. The epochs, up to the one whose weights are kept, are read from the metrics.jsonl of each
    trial in `trials_folder`, as far as it is whole; the last figure is that of the ledger.
    """
    shutil.rmtree(folder, ignore_errors=True)
    key = objective.key
    completed = [trial for trial in trials if trial.status == COMPLETED]
    names = dict.fromkeys(name for trial in completed for name in _values(trial))
    with tf.summary.create_file_writer(str(folder)).as_default():
        api.hparams_config(
            [api.HParam(name) for name in names], [api.Metric(name) for name in (key, "parameters", "latency")]
        )
    for trial in completed:
        number, last = f"{trial.number:04d}", trial.kept_epoch or trial.epochs
        with tf.summary.create_file_writer(str(folder / number)).as_default():
            api.hparams(_values(trial), trial_id=number)
            for row in whole_rows(trials_folder / number, key):
                if row["epoch"] + 1 < last:
                    tf.summary.scalar(key, row[key], step=row["epoch"] + 1)
            tf.summary.scalar(key, trial.score, step=last)
            tf.summary.scalar("parameters", trial.parameters, step=0)
            if trial.latency is not None:
                tf.summary.scalar("latency", trial.latency, step=0)


def _values(trial: Trial) -> dict[str, bool | int | float | str]:
    return {name: value for name, value in trial.values.items() if not name.startswith("tuner/")}
