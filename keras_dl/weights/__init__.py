"""Published weights: from the files of keras.applications, timm and Hugging Face to our variables, name by name.

A family that others have trained has a module of its name here, which says where the files are (`PUBLISHED`) and what
a layer is called in them (`keras_layer`, `torch_module`, `huggingface_module`; `parts` in networks of language, whose
files `transformers_files` reads a tensor at a time); it may bring the tensors of a file into our form first
(`keras_tensors`, `torch_tensors`), and say for which pixels the files of each layout were trained (`PIXELS`). What is
known of a file follows from its family and its layout, however it was reached.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from keras_dl.architectures.vision import CAFFE
from keras_dl.catalogue import entries, entry
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.names import checked
from keras_dl.weights.published import Published, fetch

if TYPE_CHECKING:
    from types import ModuleType

    import keras

__all__ = [
    "FREE",
    "Published",
    "are_variants",
    "available",
    "candidates",
    "fetch",
    "load",
    "loaded",
    "names",
    "published",
]

FREE = ("input_shape", "classes", "classifier_activation", "head", "length")
"""fields in which a network may differ from that whose weights it starts from"""
MOST_BYTES_EACH, SLACK = 8, 64 * 2**20
"""a file has no more bytes than so many for each byte of weights, beside a table: float64 with an optimizer's state"""


def family_of(config: Config) -> ModuleType | None:
    """The module that knows the published weights of `config`'s family, if there are any."""
    name = f"keras_dl.weights.{config.family}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def available(name: str) -> dict[str, Published]:
    """The weights published for the network called `name`: their names and where they are. Raises `UsageError`."""
    module = family_of(entry(name).config)
    return module.PUBLISHED.get(name, {}) if module else {}


def names(config: Config) -> list[str]:
    """What `weights` may say for networks of `config`'s family."""
    return sorted({key for name, one in entries().items() if one.family == config.family for key in available(name)})


def are_variants(one: Config, other: Config) -> bool:
    """Whether the two are of one family and differ in `FREE` fields at most."""
    fields = {field.name for field in dataclasses.fields(one)} - set(FREE)
    return type(one) is type(other) and all(getattr(one, name) == getattr(other, name) for name in fields)


def published(config: Config, weights: str) -> tuple[Config, Published]:
    """The catalogue's config that the weights called so, one of `names(config)`, belong to, and their file.

    `config` may differ from it in its classes, their activation and its input only; otherwise raises `UsageError`.
    """
    owners = [
        (one.config, available(name)[weights])
        for name, one in entries().items()
        if one.family == config.family and weights in available(name)
    ]
    for owner, file in owners:
        if are_variants(owner, config):
            return owner, file
    raise UsageError(
        f"no weights {weights!r} for this {config.family}; with them, only the classes and the input may differ "
        "from the catalogue's"
    )


def candidates(config: Config, file: str | os.PathLike) -> list[Config]:
    """The networks that the weights in `file` may be of, likeliest first: `config` with the file's number of classes.

    Then those of the catalogue that differ from it in the input only. Raises `UsageError` for a file of another kind.
    """
    path = Path(file)
    family, reader = _reader(config, path)
    if hasattr(family, "parts"):
        return [reader.own(path, config, family)]
    classes = {"classes": reader.classes(path, config, family) or config.classes}
    inputs = [one.config.input_shape for one in entries().values() if are_variants(one.config, config)]
    return [config.replace(input_shape=shape, **classes) for shape in dict.fromkeys((config.input_shape, *inputs))]


def loaded(config: Config, file: str | os.PathLike) -> keras.Model:
    """The network of `config` with the weights of a file, as `load` gives them.

    One of language is never filled with random numbers, nor is more of its file in memory than a tensor.
    """
    from keras_dl.lazy import keras

    path = Path(file)
    family, _ = _reader(config, path)
    with keras.StatelessScope(initialize_variables=False) if hasattr(family, "parts") else contextlib.nullcontext():
        model = config.build()
    load(model, config, path)
    return model


def load(model: keras.Model, config: Config, file: str | os.PathLike | Published) -> None:
    """Give `model`, built by `config`, the weights of a file or of a published one, downloaded if need be.

    A file ends in .h5 and is laid out as those of keras.applications, or in .safetensors and names its tensors as timm
    or Hugging Face's transformers do, or in .index.json and lists several of those. Every tensor must find its variable
    and every variable its tensor, of the same shape and finite. Networks that Caffe trained saw blue first; their first
    kernels are turned around. Raises `UsageError` naming the first that does not fit.
    """
    import numpy as np

    path = fetch(file, config) if isinstance(file, Published) else Path(checked("a file of weights", file))
    family, reader = _reader(config, path)
    weights = 4 * model.count_params()
    size = reader.size(path) if hasattr(family, "parts") else path.stat().st_size
    if size > MOST_BYTES_EACH * weights + SLACK:
        raise UsageError(f"{path} has {size:,} bytes; this {config.family} has {weights:,} bytes of weights")
    if hasattr(family, "parts"):
        reader.load(path, model, config, family)
        return
    pixels = getattr(family, "PIXELS", {})
    others = [layout for layout, values in pixels.items() if layout != path.suffix and _takes(config, values)]
    if path.suffix in pixels and others:
        wanted = ", ".join(f"{name}={value}" for name, value in pixels[path.suffix].items())
        raise UsageError(f"{path.name} was trained for other pixels than those of {others[0]} files; set {wanted}")
    values = reader.read(path, model, config, family)
    if pixels.get(path.suffix) == CAFFE:
        first = next(variable for variable in model.weights if len(variable.shape) == 4)
        values[first.path] = values[first.path][:, :, ::-1]
    for variable in (variable for variable in model.weights if variable.path in values):
        with np.errstate(over="ignore"):
            values[variable.path] = np.asarray(values[variable.path]).astype(variable.dtype)
        if not np.isfinite(values[variable.path]).all():
            raise UsageError(f"{path.name}: the tensor of {variable.path} holds values that are not finite")
    for variable in model.weights:
        if variable.path in values:
            variable.assign(values[variable.path])


def _reader(config: Config, path: Path) -> tuple[ModuleType, ModuleType]:
    """The module of the family and the one that reads files like `path`. Raises `UsageError`."""
    from keras_dl.weights import keras_files, torch_files, transformers_files

    family = family_of(config)
    if family is None:
        raise UsageError(f"no published weights of the family {config.family} are known; load a saved model's folder")
    if not path.is_file():
        raise UsageError(f"no file {path}")
    layouts = {".h5": ("keras_layer", keras_files), ".safetensors": ("torch_module", torch_files)}
    known = {suffix: reader for suffix, (names, reader) in layouts.items() if hasattr(family, names)}
    if hasattr(family, "parts"):
        known = {".safetensors": transformers_files, ".json": transformers_files}
    if path.suffix not in known:
        what = " a whole Keras model, for keras.models.load_model;" if path.suffix == ".keras" else ""
        raise UsageError(
            f"{path.name}:{what} weights of the family {config.family} are read from {' and '.join(known)} files"
        )
    return family, known[path.suffix]


def _takes(config: Config, pixels: dict) -> bool:
    """Whether `config` normalises its pixels so."""
    return all(getattr(config, name) == value for name, value in pixels.items())
