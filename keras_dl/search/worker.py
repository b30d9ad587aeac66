"""What one trial does, from its order to its model.

With this module comes all that a trial imports, so that a fork server has it and each of its children saves seconds.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import matplotlib.backends.backend_agg  # noqa: F401
import PIL.Image
import safetensors.numpy  # noqa: F401
import sklearn.datasets  # noqa: F401

import keras_dl.search.oracle  # noqa: F401  (TensorFlow and Keras, without what they print)
from keras_dl import catalogue, storage
from keras_dl.data import Data
from keras_dl.data.fingerprint import keep
from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.search import kept
from keras_dl.search.child import ORDER, CannotGoOn
from keras_dl.search.hypermodel import read_config
from keras_dl.search.ledger import COMPLETED
from keras_dl.tasks import from_json
from keras_dl.training import Options
from keras_dl.training.job import Job

tf.summary.create_file_writer, PIL.Image.preinit(), catalogue.entries()
MODEL = "model"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """All that a machine needs to run one trial.

    The network of `job` is for the data already. With `parent`, the folder of an earlier trial of the same network and
    seed, it goes on where that one stopped. In `search`, the folder of all trials, is the fingerprint that the data
    must have.
    """

    job: Job
    parent: Path | None = None
    search: Path | None = None

    def write(self, folder: Path) -> None:
        """Put it into `folder`. Raises `UsageError` if that holds another trial."""
        ours = {
            "config": json.loads(self.job.network.to_json()),
            "task": self.job.task.to_json(),
            "options": dataclasses.asdict(self.job.options),
            "augment": self.job.augment,
        }
        ours = json.loads(json.dumps(ours))
        theirs = {name: value for name, value in _read(folder).items() if name in ours}
        if theirs and (difference := storage.first_difference(theirs, ours)):
            raise UsageError(f"{folder} holds a trial with {difference}; choose another folder")
        folders = {
            name: None if path is None else os.path.relpath(path, folder)
            for name, path in (("parent", self.parent), ("search", self.search))
        }
        storage.write_checked_json(folder / ORDER, {**ours, "data": self.job.loading, **folders})


def train(folder: Path) -> dict[str, Any]:
    """Train the trial whose order is in `folder`, save its model there and return its result.

    Its score is that of the weights that are kept. Raises `CannotGoOn` for data that are not those of the search.
    """
    order = storage.read_checked_json(folder / ORDER)
    job = Job(
        network=read_config(json.dumps(order["config"])),
        task=from_json(order["task"]),
        loading=order["data"],
        options=Options(**order["options"]),
        augment=tuple(order["augment"]),
    )
    data = _data(job, None if order["search"] is None else Path(os.path.normpath(folder / order["search"])))
    if order["parent"] is not None:
        _inherit(folder / order["parent"], folder, order)
    trained = job.train(folder, job.network, job.fitting(data), verbose=0)
    row, key = trained.row, job.task.objective.key
    result = {
        "status": COMPLETED,
        "score": row[key],
        "epochs": len(trained.rows),
        "kept_epoch": row["epoch"] + 1,
        "seconds": round(sum(row["seconds"] for row in trained.rows), 3),
    }
    facts = {(key if name == "score" else name): value for name, value in result.items()}
    trained.save(folder / MODEL, facts=facts)
    return {**result, "weights_sha256": kept.weights_hash(folder / MODEL)}


def _data(job: Job, search: Path | None) -> Data:
    try:
        data = job.loaded()
        if search is not None:
            keep(data, search)
    except UsageError as error:
        raise CannotGoOn(str(error)) from error
    return data


def _inherit(parent: Path, folder: Path, order: dict[str, Any]) -> None:
    """Copy the checkpoints of the parent, all or none, if it is the same training for fewer epochs.

    Without them training starts at epoch 0 and ends in the same bits.
    """
    theirs = _read(parent)
    same = theirs and _training(theirs) == _training(order)
    if not same or not (parent / "checkpoints").exists() or (folder / "checkpoints").exists():
        return
    with storage.replacing_folder(folder / "checkpoints") as part:
        shutil.copytree(parent / "checkpoints", part, dirs_exist_ok=True)


def _training(order: dict[str, Any]) -> list[Any]:
    """What an order trains, however long."""
    return [{**order["options"], "epochs": None}, *(order[name] for name in ("config", "task", "augment", "data"))]


def _read(folder: Path) -> dict[str, Any]:
    """The order in `folder`, empty if there is none that can be read."""
    with contextlib.suppress(UsageError):
        return storage.read_checked_json(folder / ORDER)
    return {}
