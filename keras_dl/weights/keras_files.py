"""Weights laid out as in the files of keras.applications: a group a layer, its arrays in Keras's order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from keras_dl.config import Config
from keras_dl.errors import UsageError

if TYPE_CHECKING:
    import keras
    import numpy as np


def read(path: Path, model: keras.Model, config: Config, family: ModuleType) -> dict[str, np.ndarray]:
    """The arrays of the .h5 file `path` by the paths of `model`'s variables. Raises `UsageError`."""
    found = _layers(path)
    if hasattr(family, "keras_tensors"):
        found = family.keras_tensors(found, config)
    values = {}
    for layer in model.layers:
        variables = [variable for variable in layer.weights if "seed" not in variable.path]
        if not variables:
            continue
        name = family.keras_layer(layer.name, config)
        if name not in found and layer is model.layers[-1] and len(found) == 1:
            name = next(iter(found))  # the classifier's name has changed over the years
        if name not in found:
            raise UsageError(f"{path.name} lacks the layer {name}, our {layer.name}")
        arrays = found.pop(name)
        shapes, expected = ([tuple(item.shape) for item in items] for items in (arrays, variables))
        if shapes != expected:
            raise UsageError(f"{path.name}: the layer {name} has shapes {shapes}, our {layer.name} has {expected}")
        values |= {variable.path: array for variable, array in zip(variables, arrays, strict=True)}
    if found:
        raise UsageError(f"{path.name} has layers that {config.family} has not: {', '.join(sorted(found)[:5])}")
    return values


def _layers(path: Path) -> dict[str, list[np.ndarray]]:
    """The arrays of every layer that has any, by its name as `counted` gives it."""
    import h5py

    try:
        with h5py.File(path) as file:
            root = file.get("model_weights", file)
            layers = {
                name: [root[name][weight][()] for weight in _names(root[name], "weight_names")]
                for name in _names(root, "layer_names")
            }
    except (OSError, KeyError) as error:
        raise UsageError(f"{path} is not a whole file of weights as keras.applications has them ({error})") from error
    layers = {name: arrays for name, arrays in layers.items() if arrays}
    names = counted(layers)
    return {names[name]: arrays for name, arrays in layers.items()}


def counted(names: Iterable[str]) -> dict[str, str]:
    """What the layers called `names` are called here: those that Keras numbered become "conv2d:0", "conv2d:1" .."""
    result, numbered = {name: name for name in names}, defaultdict(list)
    for name in result:
        if match := re.fullmatch(r"(conv2d|batch_normalization|separable_conv2d|dense)(?:_(\d+))?", name):
            numbered[match[1]].append((int(match[2] or 0), name))
    for base, found in numbered.items():
        result |= {name: f"{base}:{index}" for index, (_, name) in enumerate(sorted(found))}
    return result


def _names(group, key: str) -> list[str]:
    """The strings of an attribute, which HDF5 splits into "key0", "key1" .. when it is long."""
    keys = [key] if key in group.attrs else sorted((k for k in group.attrs if re.fullmatch(rf"{key}\d+", k)), key=len)
    if not keys:
        raise KeyError(f"no {key}")
    return [name.decode() if isinstance(name, bytes) else name for k in keys for name in group.attrs[k]]
