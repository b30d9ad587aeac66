"""Weights laid out as in the files of keras.applications: a group a layer, its arrays in Keras's order.

Of an HDF5 file only what lies in it is read: links that lead elsewhere, to other files above all, and arrays that it
does not hold in full are refused.
"""

from __future__ import annotations

import math
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

MOST_NAMES = 100_000
LONGEST_NAMES = 16 * 2**20
"""bytes of an attribute that lists names"""
SIGNATURE = b"\x89HDF\r\n\x1a\n"
NOT_WHOLE = "is not a whole file of weights as keras.applications has them"
BROKEN = (OSError, KeyError, RuntimeError, TypeError, AttributeError, ValueError)
"""what h5py raises where a file is not what it says"""


def check_whole(path: Path) -> None:
    """Raise `UsageError` unless `path` is an HDF5 file, not cut off before the end that its first block states."""
    with open(path, "rb") as file:
        block = file.read(96)
    version = block[8] if block.startswith(SIGNATURE) and len(block) == 96 else -1
    if version not in (0, 1, 2, 3):
        raise UsageError(f"{path} {NOT_WHOLE}: it does not begin as an HDF5 file")
    width = block[13] if version < 2 else block[9]
    begin = {0: 24, 1: 28}.get(version, 12) + 2 * width
    end, size = int.from_bytes(block[begin : begin + width], "little"), path.stat().st_size
    if end > size:
        raise UsageError(f"{path} {NOT_WHOLE}: it should end at byte {end:,} and ends at {size:,}")


def classes(path: Path, config: Config, family: ModuleType) -> int | None:
    """The outputs of the classifier in the .h5 file `path`, if it is called as expected. Raises `UsageError`."""
    found = _layers(path, only=family.keras_layer("head", config))
    return next((arrays[-1].shape[-1] for arrays in found.values() if arrays[-1].ndim), None)


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


def _layers(path: Path, only: str | None = None) -> dict[str, list[np.ndarray]]:
    """The arrays of every layer that has any, or of the layer `only`, by its name as `counted` gives it."""
    import h5py

    check_whole(path)
    try:
        with h5py.File(path) as file:
            root = _member(file, "model_weights") if "model_weights" in file else file
            if "layers" in root or "_layer_checkpoint_dependencies" in root:
                raise UsageError(
                    f"{path} is what Keras 3's save_weights writes, which names no layers; give it to "
                    "`load_weights` of the network that it was saved from"
                )
            names = [name for name in _names(root, "layer_names") if only in (None, name)]
            weights = {name: _names(_member(root, name), "weight_names") for name in names}
            if len(weights) < len(names) or sum(map(len, weights.values())) > MOST_NAMES:
                raise UsageError(f"{path} {NOT_WHOLE}: it lists a layer twice, or too many weights")
            layers = {
                name: [_array(path, _member(_member(root, name), weight)) for weight in weights[name]]
                for name in names
                if weights[name]
            }
    except UsageError:
        raise
    except BROKEN as error:
        raise UsageError(f"{path} {NOT_WHOLE} ({' '.join(str(error).split())})") from None
    names = counted(layers)
    return {names[name]: arrays for name, arrays in layers.items()}


def _member(group, name: str):
    """What `group` itself holds under `name`, in groups within it; links to elsewhere raise `UsageError`."""
    import h5py

    for part in filter(None, name.split("/")):
        link = group.get(part, getlink=True)
        if link is None:
            raise KeyError(f"no {name}")
        if not isinstance(link, h5py.HardLink):
            raise UsageError(f"{group.file.filename}: {name!r} is a link to elsewhere, which is not followed")
        group = group[part]
    return group


def _array(path: Path, dataset) -> np.ndarray:
    """The numbers of `dataset`, all of which must lie in the file itself."""
    import h5py

    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise UsageError(f"{path}: {dataset.name} is no array")
    if dataset.is_virtual or dataset.external:
        raise UsageError(f"{path}: the array {dataset.name} lies in another file, which is not opened")
    if dataset.dtype.kind not in "fiu":
        raise UsageError(f"{path}: the array {dataset.name} is of type {dataset.dtype}, not of numbers")
    if dataset.id.get_storage_size() < dataset.nbytes:
        raise UsageError(
            f"{path}: the array {dataset.name} would have {dataset.nbytes:,} bytes, "
            f"the file holds {dataset.id.get_storage_size():,} of them"
        )
    return dataset[()]


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
    found = [group.attrs.get_id(k) for k in keys]
    counts = [math.prod(attribute.shape) for attribute in found]
    sizes = [count * attribute.dtype.itemsize for count, attribute in zip(counts, found, strict=True)]
    if sum(counts) > MOST_NAMES or sum(sizes) > LONGEST_NAMES:
        raise KeyError(f"{key} is too long")
    return [name.decode() if isinstance(name, bytes) else name for k in keys for name in group.attrs[k]]
