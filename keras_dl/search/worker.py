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
from keras_dl.data import load
from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.search import kept
from keras_dl.search.hypermodel import read_config
from keras_dl.search.ledger import COMPLETED, first_difference
from keras_dl.training import Options, build, fit

tf.summary.create_file_writer, PIL.Image.preinit(), catalogue.entries()
TASK, MODEL = "task.json", "model"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """All that a machine needs to run one trial.

    `data` are the arguments of `keras_dl.data.load`, `augment` names changes to the pictures. With `parent`, the folder
    of an earlier trial of the same network and seed, it goes on where that one stopped.
    """

    config: Config
    options: Options
    data: dict[str, Any]
    augment: tuple[str, ...] = ()
    parent: Path | None = None

    def write(self, folder: Path) -> None:
        """Put it into `folder`. Raises `UsageError` if that holds another trial."""
        ours = {
            "config": json.loads(self.config.to_json()),
            "options": dataclasses.asdict(self.options),
            "augment": self.augment,
        }
        ours = json.loads(json.dumps(ours))
        theirs = {name: value for name, value in _read(folder).items() if name in ours}
        if theirs and (difference := first_difference(theirs, ours)):
            raise UsageError(f"{folder} holds a trial with {difference}; choose another folder")
        parent = None if self.parent is None else str(self.parent.resolve())
        storage.write_json(folder / TASK, {**ours, "data": self.data, "parent": parent})


def train(folder: Path) -> dict[str, Any]:
    """Train the trial whose task is in `folder`, save its model there and return its result."""
    task = json.loads((folder / TASK).read_text(encoding="utf-8"))
    config, options = read_config(json.dumps(task["config"])), Options(**task["options"])
    data = load(**task["data"])
    if data.spec.kind == "image":
        data = data.resized(config.input_shape)
    if task["parent"] is not None:
        _inherit(Path(task["parent"]) / "checkpoints", folder / "checkpoints")
    model = build(config, options)
    rows = fit(model, config, data, options, folder, **by_name(task["augment"], data.spec), verbose=0)
    result = {
        "status": COMPLETED,
        "val_accuracy": rows[-1]["val_accuracy"],
        "epochs": len(rows),
        "seconds": round(sum(row["seconds"] for row in rows), 3),
    }
    kept.save(model, folder / MODEL, config, data.spec, result)
    return result


def _inherit(theirs: Path, ours: Path) -> None:
    """Copy a parent's checkpoints, all or none; without them training starts at epoch 0 and ends in the same bits."""
    if theirs.exists() and not ours.exists():
        part = ours.with_name(".checkpoints.tmp")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(theirs, part)
        os.replace(part, ours)


def _read(folder: Path) -> dict[str, Any]:
    """The task in `folder`, empty if there is none that can be read."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return json.loads((folder / TASK).read_text(encoding="utf-8"))
    return {}
