"""The complete state of a training, in folders that exist whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from keras_dl import storage
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.training.callback_state import CallbackState
from keras_dl.training.paths import state

CHECKPOINTS = "checkpoints"
"""the folder of them in that of a training"""
GENERATIONS = 2


@dataclasses.dataclass(frozen=True)
class Position:
    """Where a training stands: `step` batches of `epoch` are done, and `rows` are the metrics of the epochs before."""

    epoch: int
    step: int
    rows: tuple[dict[str, Any], ...] = ()
    stopped: bool = False


class Checkpoints:
    """The checkpoints of one training in `folder`: the newest two are kept, each with the hashes of its files.

    They hold every variable of the `learner`, of its optimizers and running metrics, by the names of `paths.state`, and
    what `callbacks` say. `training` tells it from all others.
    """

    def __init__(self, folder: Path, learner: keras.Model, callbacks: CallbackState, training: str):
        self._folder = folder
        self._learner = learner
        self._callbacks = callbacks
        self._training = training

    def save(self, position: Position) -> None:
        """Write the state of the model, its optimizer, metrics, random seeds and callbacks; drop older generations."""
        numbers, tensors = self._callbacks.capture()
        tensors |= {name: variable.numpy() for name, variable in state(self._learner).items()}
        tensors = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
        name = f"epoch-{position.epoch:05d}-step-{position.step:07d}"
        with storage.replacing_folder(self._folder / name) as part:
            storage.write(part / "state.safetensors", safetensors.numpy.save(tensors))
            place = {**dataclasses.asdict(position), "callbacks": numbers, "training": self._training}
            storage.write_json(part / "state.json", place)
            storage.write_manifest(part)
        for old in generations(self._folder)[GENERATIONS:]:
            shutil.rmtree(old)

    def restore(self) -> Position:
        """Set everything to the newest checkpoint that is whole; damaged ones are removed with a warning.

        Raises `UsageError` when there are checkpoints and none is whole, or when it is of another training.
        """
        storage.sweep(self._folder)
        found = generations(self._folder)
        for place, folder in enumerate(found):
            try:
                storage.read_manifest(folder)
            except UsageError as error:
                warnings.warn(f"checkpoint passed over: {error}", stacklevel=2)
                continue
            position = self._load(folder)
            for damaged in found[:place]:
                storage.remove(damaged)
            return position
        if found:
            raise UsageError(f"every checkpoint in {self._folder} is damaged; train anew in another folder")
        return Position(epoch=0, step=0)

    def _load(self, folder: Path) -> Position:
        place = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        if place.pop("training", None) != self._training:
            raise UsageError(f"{folder} is of another training than the folder that it lies in; remove it")
        tensors = safetensors.numpy.load_file(folder / "state.safetensors")
        for name, variable in state(self._learner).items():
            if name not in tensors or tensors[name].shape != tuple(variable.shape):
                raise UsageError(f"{folder} is of another network or optimizer: it does not hold {name}")
            variable.assign(tensors[name])
        numbers = place.pop("callbacks")
        self._callbacks.restore(numbers, {n: t for n, t in tensors.items() if n.startswith("callback/")})
        return Position(**{**place, "rows": tuple(place["rows"])})


def generations(folder: Path) -> list[Path]:
    """All checkpoints in `folder`, the newest first: none where a training was stopped before its first one."""
    found = {path: re.fullmatch(r"epoch-(\d+)-step-(\d+)", path.name) for path in folder.glob("epoch-*")}
    return sorted(filter(found.get, found), key=lambda path: tuple(map(int, found[path].groups())), reverse=True)
