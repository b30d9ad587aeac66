"""The model of a trial on disk: a saved model, of which that of a HyperModel is rebuilt by the user's own module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy

from keras_dl import saved_model, storage
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.search.hypermodel import HyperNetwork, read_config

if TYPE_CHECKING:
    from keras_dl.training.job import Trained

WEIGHTS, CONFIG, CONTRACT, FILE = "weights.safetensors", "config.json", "contract.json", "model.keras"
FORMAT = "keras_dl.search 1"


def save(trained: Trained, folder: Path, facts: dict[str, Any], card: str = "", *, portable: bool = False) -> str:
    """Write the network of a trial as a folder that appears complete or not at all; return the SHA-256 of its weights.

    `keras_dl.load` reads it if `config` is of the catalogue, else `load`, which imports the module of the HyperModel. A
    `portable` one of a HyperModel holds model.keras too, without optimizer and loss, where Keras can write that.
    """
    model, config, spec = trained.network, trained.training.config, trained.training.data.spec
    if not isinstance(config, HyperNetwork):
        trained.save(folder, card=card, facts=facts)
        return weights_hash(folder)
    with storage.replacing_folder(folder) as part:
        tensors = {f"{n:05d}": np.asarray(weight.numpy(), order="C") for n, weight in enumerate(model.weights)}
        storage.write(part / WEIGHTS, safetensors.numpy.save(tensors))
        storage.write(part / CONFIG, config.to_json())
        storage.write_json(part / CONTRACT, {"class_names": list(spec.class_names), "facts": facts})
        storage.write(part / "README.md", card or f"# {config.source}\n")
        if portable:
            _write_keras_file(model, part / FILE)
        storage.write_manifest(part, format=FORMAT)
    return weights_hash(folder)


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
    if not isinstance(config, HyperNetwork):
        return saved_model.load(folder)
    model, tensors = config.build(), safetensors.numpy.load_file(folder / WEIGHTS)
    shapes = [tuple(weight.shape) for weight in model.weights]
    if shapes != (found := [tensors[name].shape for name in sorted(tensors)]):
        raise UsageError(
            f"{config.source} now builds another model than the one in {folder}: its weights have the shapes "
            f"{shapes}, not {found}"
        )
    for weight, name in zip(model.weights, sorted(tensors), strict=True):
        weight.assign(tensors[name])
    return model


def facts(folder: Path) -> dict[str, Any]:
    """The facts that were saved with the model in `folder`."""
    return storage.read_json(folder / CONTRACT)["facts"]


def _write_keras_file(model: keras.Model, path: Path) -> None:
    try:
        keras.Model(model.inputs, model.outputs, name=model.name).save(path)
    except Exception as error:  # a layer of the user's own may not say what it was made with
        print(f"no {path.name}: {error}")
        path.unlink(missing_ok=True)
