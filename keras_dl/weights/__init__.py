"""Published weights: from the files of keras.applications, timm and Hugging Face to our variables, name by name.

A family that others have trained has a module of its name here, which says where the files are (`PUBLISHED`) and what
a layer is called in them (`keras_layer`, `torch_module`, `huggingface_module`); it may bring the tensors of a file into
our form first (`keras_tensors`, `torch_tensors`).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from keras_dl.catalogue import entries
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.weights.published import Published, fetch

if TYPE_CHECKING:
    from types import ModuleType

    import keras

__all__ = ["Published", "available", "fetch", "load", "names", "published"]

SUFFIXES = (".h5", ".safetensors")


def family_of(config: Config) -> ModuleType | None:
    """The module that knows the published weights of `config`'s family, if there are any."""
    name = f"keras_dl.weights.{config.family}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def available(name: str) -> dict[str, Published]:
    """The weights published for the network called `name`: their names and where they are."""
    module = family_of(entries()[name].config)
    return module.PUBLISHED.get(name, {}) if module else {}


def names(config: Config) -> list[str]:
    """What `weights` may say for networks of `config`'s family."""
    return sorted(
        {key for name, entry in entries().items() if entry.family == config.family for key in available(name)}
    )


def published(config: Config, weights: str) -> tuple[Config, Published] | None:
    """The catalogue's config that the weights called so belong to, and their file; None if the family has none.

    `config` may differ from it in its classes, their activation and its input only; otherwise raises `UsageError`.
    """
    owners = [
        (entry.config, available(name)[weights])
        for name, entry in entries().items()
        if entry.family == config.family and weights in available(name)
    ]
    for owner, file in owners:
        free = {field: getattr(owner, field) for field in ("input_shape", "classes", "classifier_activation")}
        if config.replace(**free) == owner:
            return owner, file
    if owners:
        raise UsageError(
            f"no weights {weights!r} for this {config.family}; with them, only the classes and the input may differ "
            "from the catalogue's"
        )
    return None


def load(model: keras.Model, config: Config, file: str | os.PathLike | Published) -> None:
    """Give `model`, built by `config`, the weights of a file or of a published one, downloaded if need be.

    A file ends in .h5 and is laid out as those of keras.applications, or in .safetensors and names its tensors as timm
    or Hugging Face's transformers do. Every tensor of the file must find its variable and every variable its tensor,
    of the same shape. Raises `UsageError` naming the first that does not.
    """
    from keras_dl.weights import keras_files, torch_files

    family = family_of(config)
    if family is None:
        raise UsageError(f"no published weights of the family {config.family} are known; load a saved model's folder")
    bgr = isinstance(file, Published) and file.bgr
    path = fetch(file, config) if isinstance(file, Published) else Path(file)
    if not path.is_file():
        raise UsageError(f"no file {path}")
    if path.suffix == ".h5" and hasattr(family, "keras_layer"):
        values = keras_files.read(path, model, config, family)
    elif path.suffix == ".safetensors" and hasattr(family, "torch_module"):
        values = torch_files.read(path, model, config, family)
    else:
        layouts = {".h5": "keras_layer", ".safetensors": "torch_module"}
        known = " and ".join(suffix for suffix, names in layouts.items() if hasattr(family, names))
        raise UsageError(f"{path.name}: weights of the family {config.family} are read from {known} files")
    if bgr:
        first = next(variable for variable in model.weights if len(variable.shape) == 4)
        values[first.path] = values[first.path][:, :, ::-1]
    for variable in model.weights:
        if variable.path in values:
            variable.assign(values[variable.path])
