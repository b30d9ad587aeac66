"""The saved model of a trial, of which that of a HyperModel is built again by the user's own module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keras_dl import saved_model, storage
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.search.hypermodel import read_config

WEIGHTS, CONFIG, CONTRACT = "weights.safetensors", "config.json", "contract.json"


def weights_hash(folder: Path) -> str:
    """The SHA-256 of the weights in `folder`, all of whose files are as they were written. Raises `UsageError`."""
    files = storage.read_manifest(folder)["files"]
    if WEIGHTS not in files:
        raise UsageError(f"{folder} holds no {WEIGHTS}")
    return files[WEIGHTS]["sha256"]


def load(folder: Path) -> keras.Model:
    """The model in `folder`, of the catalogue or of a HyperModel, whose module is imported and builds it.

    So the folder should be one's own. Raises `UsageError` if it is not complete, or if the module now builds another
    model.
    """
    weights_hash(folder)
    config = read_config((folder / CONFIG).read_text(encoding="utf-8"))
    if not config.foreign:
        return saved_model.load(folder)
    try:
        return saved_model.rebuilt(config, folder / WEIGHTS)
    except UsageError as error:
        raise UsageError(f"{config.family} no longer builds this model: {error}") from None


def facts(folder: Path) -> dict[str, Any]:
    """The facts that were saved with the model in `folder`."""
    return storage.read_json(folder / CONTRACT)["facts"]
