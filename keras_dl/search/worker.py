"""What one trial does, from its task to its model.

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
from keras_dl.augment.by_name import by_name
from keras_dl.config import Config
from keras_dl.data import Data, load
from keras_dl.data.fingerprint import keep
from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.search import kept
from keras_dl.search.child import TASK, CannotGoOn
from keras_dl.search.hypermodel import read_config
from keras_dl.search.ledger import COMPLETED
from keras_dl.training import Options, build, fit
from keras_dl.training.kept import kept_row

tf.summary.create_file_writer, PIL.Image.preinit(), catalogue.entries()
MODEL = "model"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """All that a machine needs to run one trial.

    `data` are the arguments of `keras_dl.data.load`, `augment` names changes to the pictures. With `parent`, the folder
    of an earlier trial of the same network and seed, it goes on where that one stopped. In `search`, the folder of all
    trials, is the fingerprint that the data must have.
    """

    config: Config
    options: Options
    data: dict[str, Any]
    augment: tuple[str, ...] = ()
    parent: Path | None = None
    search: Path | None = None

    def write(self, folder: Path) -> None:
        """Put it into `folder`. Raises `UsageError` if that holds another trial."""
        ours = {
            "config": json.loads(self.config.to_json()),
            "options": dataclasses.asdict(self.options),
            "augment": self.augment,
        }
        ours = json.loads(json.dumps(ours))
        theirs = {name: value for name, value in _read(folder).items() if name in ours}
        if theirs and (difference := storage.first_difference(theirs, ours)):
            raise UsageError(f"{folder} holds a trial with {difference}; choose another folder")
        folders = {
            name: None if path is None else os.path.relpath(path, folder)
            for name, path in (("parent", self.parent), ("search", self.search))
        }
        storage.write_checked_json(folder / TASK, {**ours, "data": self.data, **folders})


def train(folder: Path) -> dict[str, Any]:
    """Train the trial whose task is in `folder`, save its model there and return its result.

    Its accuracy is that of the weights that are kept. Raises `CannotGoOn` for data that are not those of the search.
    """
    task = storage.read_checked_json(folder / TASK)
    config, options = read_config(json.dumps(task["config"])), Options(**task["options"])
    data = _data(task["data"], None if task["search"] is None else Path(os.path.normpath(folder / task["search"])))
    if data.spec.kind == "image":
        data = data.resized(config.input_shape)
    if task["parent"] is not None:
        _inherit(folder / task["parent"], folder, task)
    model = build(config, options)
    rows = fit(model, config, data, options, folder, **by_name(task["augment"], data.spec), verbose=0)
    row = kept_row(rows, options)
    result = {
        "status": COMPLETED,
        "val_accuracy": row["val_accuracy"],
        "epochs": len(rows),
        "kept_epoch": row["epoch"] + 1,
        "seconds": round(sum(row["seconds"] for row in rows), 3),
    }
    return {**result, "weights_sha256": kept.save(model, folder / MODEL, config, data.spec, result)}


def _data(loading: dict[str, Any], search: Path | None) -> Data:
    try:
        data = load(**loading)
        if search is not None:
            keep(data, search)
    except UsageError as error:
        raise CannotGoOn(str(error)) from error
    return data


def _inherit(parent: Path, folder: Path, task: dict[str, Any]) -> None:
    """Copy the checkpoints of the parent, all or none, if it is the same training for fewer epochs.

    Without them training starts at epoch 0 and ends in the same bits.
    """
    theirs = _read(parent)
    same = theirs and _training(theirs) == _training(task)
    if not same or not (parent / "checkpoints").exists() or (folder / "checkpoints").exists():
        return
    with storage.replacing_folder(folder / "checkpoints") as part:
        shutil.copytree(parent / "checkpoints", part, dirs_exist_ok=True)


def _training(task: dict[str, Any]) -> list[Any]:
    """What a task trains, however long."""
    return [task["config"], {**task["options"], "epochs": None}, task["augment"], task["data"]]


def _read(folder: Path) -> dict[str, Any]:
    """The task in `folder`, empty if there is none that can be read."""
    with contextlib.suppress(UsageError):
        return storage.read_checked_json(folder / TASK)
    return {}
