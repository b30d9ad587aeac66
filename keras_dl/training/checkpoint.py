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


class CallbackState:
    """The numbers and weights that callbacks change while training: patience used up, best value, best weights.

    What an attribute held at the start is not state; so paths and settings are never saved.
    """

    def __init__(self, callbacks: list[keras.callbacks.Callback]):
        self._callbacks = callbacks
        self._initial = [self._public(callback) for callback in callbacks]

    @staticmethod
    def _public(callback) -> dict[str, Any]:
        return {key: value for key, value in vars(callback).items() if not key.startswith("_")}

    def capture(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """What changed, as JSON per callback and as named tensors."""
        numbers: list[dict[str, Any]] = []
        tensors = {}
        for index, (callback, initial) in enumerate(zip(self._callbacks, self._initial, strict=True)):
            numbers.append({})
            for key, value in self._public(callback).items():
                if isinstance(value, list) and value and all(isinstance(item, np.ndarray) for item in value):
                    tensors |= {f"callback/{index}/{key}/{n:05d}": item for n, item in enumerate(value)}
                elif isinstance(value, int | float | str | np.number) and value is not initial.get(key):
                    numbers[-1][key] = value.item() if isinstance(value, np.number) else value
        return numbers, tensors

    def restore(self, numbers: list[dict[str, Any]], tensors: dict[str, np.ndarray]) -> None:
        if len(numbers) != len(self._callbacks):
            raise UsageError(
                f"the training began with {len(numbers)} callbacks, it cannot go on with {len(self._callbacks)}"
            )
        for callback, state in zip(self._callbacks, numbers, strict=True):
            vars(callback).update(state)
        lists: dict[tuple[int, str], list[np.ndarray]] = {}
        for name in sorted(tensors):
            _, index, key, _ = name.split("/")
            lists.setdefault((int(index), key), []).append(tensors[name])
        for (index, key), arrays in lists.items():
            setattr(self._callbacks[index], key, arrays)


class Checkpoints:
    """The checkpoints of one training in `folder`: the newest two are kept, each with the hashes of its files.

    `training` tells it from all others; one that was begun before checkpoints held it is taken as it is.
    """

    def __init__(self, folder: Path, model: keras.Model, callbacks: CallbackState, training: str):
        self._folder = folder
        self._model = model
        self._callbacks = callbacks
        self._training = training

    def _variables(self) -> dict[str, keras.Variable]:
        metrics = self._model.metrics_variables
        running = {id(variable) for variable in metrics}
        groups = {
            "model": [variable for variable in self._model.variables if id(variable) not in running],
            "optimizer": self._model.optimizer.variables,
            "metrics": metrics,
        }
        return {
            f"{group}/{index:05d}": variable
            for group, variables in groups.items()
            for index, variable in enumerate(variables)
        }

    def save(self, position: Position) -> None:
        """Write the state of the model, its optimizer, metrics, random seeds and callbacks; drop older generations."""
        numbers, tensors = self._callbacks.capture()
        tensors |= {name: variable.numpy() for name, variable in self._variables().items()}
        tensors = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
        name = f"epoch-{position.epoch:05d}-step-{position.step:07d}"
        with storage.replacing_folder(self._folder / name) as part:
            storage.write(part / "state.safetensors", safetensors.numpy.save(tensors))
            state = {**dataclasses.asdict(position), "callbacks": numbers, "training": self._training}
            storage.write_json(part / "state.json", state)
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
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        if state.pop("training", self._training) != self._training:
            raise UsageError(f"{folder} is of another training than the folder that it lies in; remove it")
        tensors = safetensors.numpy.load_file(folder / "state.safetensors")
        variables = self._variables()
        for name, variable in variables.items():
            if name not in tensors or tensors[name].shape != tuple(variable.shape):
                raise UsageError(f"{folder} is of another network or optimizer: it does not hold {variable.path}")
            variable.assign(tensors[name])
        numbers = state.pop("callbacks")
        self._callbacks.restore(numbers, {n: t for n, t in tensors.items() if n.startswith("callback/")})
        return Position(**{**state, "rows": tuple(state["rows"])})


def generations(folder: Path) -> list[Path]:
    """All checkpoints in `folder`, the newest first: none where a training was stopped before its first one."""
    found = {path: re.fullmatch(r"epoch-(\d+)-step-(\d+)", path.name) for path in folder.glob("epoch-*")}
    return sorted(filter(found.get, found), key=lambda path: tuple(map(int, found[path].groups())), reverse=True)
