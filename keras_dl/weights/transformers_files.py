"""Weights of language networks as Hugging Face's transformers name and lay them out, read one tensor at a time.

A file ends in .safetensors; or it is the index of several, which ends in .index.json and lies beside them. A family has
in its module here `parts(path, config)`, the tensors that are side by side in our variable with this path, and `ROOT`,
what the names within the bare network begin with, which files of the bare network leave out. It may have `UNUSED`, a
pattern of tensors that are no weights, `TIED`, the tensors that are another's, and `own(config, shapes)`, the network
that tensors of these shapes by name are of.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl import strict_json
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.weights import safetensors_files
from keras_dl.weights.safetensors_files import KINDS, Tensor

if TYPE_CHECKING:
    import keras

ROWS = 2**22
"""numbers that are read at once"""
INDEX = ".index.json"
RENAMED = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
"""what older files call them"""
READ = ("F32", "F16", "BF16", "F64")


@dataclasses.dataclass(frozen=True)
class Part:
    """A tensor, or from the first to before the second of its `rows`, side by side with others in our variable.

    Where it is `turned`, its two axes are swapped first.
    """

    name: str
    rows: tuple[int, int | None] = (0, None)
    turned: bool = False

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Of this part as ours, if it is of `tensor`."""
        rows = len(range(tensor.shape[0])[slice(*self.rows)]) if tensor.shape else 0
        found = (rows, *tensor.shape[1:]) if tensor.shape else ()
        return found[::-1] if self.turned else found


@dataclasses.dataclass(frozen=True)
class Place:
    """A `tensor` in the safetensors file `path`."""

    path: Path
    tensor: Tensor

    def chunks(self, rows: tuple[int, int | None] = (0, None)) -> Iterator[tuple[int, np.ndarray]]:
        """Its `rows`, a chunk of them at a time, each with the place of its first among those asked for."""
        start, stop, _ = slice(*rows).indices(self.tensor.shape[0])
        width = int(np.prod(self.tensor.shape[1:]))
        kind = "<u2" if self.tensor.dtype == "BF16" else KINDS[self.tensor.dtype]
        step, size = max(1, ROWS // max(1, width)), np.dtype(kind).itemsize
        for first in range(start, stop, step):
            count = min(step, stop - first) * width
            found = np.fromfile(self.path, kind, count, offset=self.tensor.start + first * width * size)
            if self.tensor.dtype == "BF16":
                found = (found.astype("<u4") << 16).view("<f4")
            yield first - start, found.reshape(-1, *self.tensor.shape[1:])


def size(path: Path) -> int:
    """The bytes of all files that belong to `path`. Raises `UsageError`."""
    return sum(file.stat().st_size for file in _files(path))


def own(path: Path, config: Config, family: ModuleType) -> Config:
    """The network that the file `path` is of, where it is `config` but for what a file decides. Raises `UsageError`."""
    shapes = {name: place.tensor.shape for name, place in _places(path, family).items()}
    return family.own(config, shapes) if hasattr(family, "own") else config


def load(path: Path, model: keras.Model, config: Config, family: ModuleType) -> None:
    """Give `model`, built by `config`, the weights in `path`. Raises `UsageError` for the first that does not fit.

    Its variables may have no values yet, as `keras.StatelessScope(initialize_variables=False)` leaves them.
    """
    places = _places(path, family)
    variables = [variable for variable in model.weights if "seed" not in variable.path]
    parts = {variable.path: family.parts(variable.path, config) for variable in variables}
    for variable in variables:
        _check(path, variable, parts[variable.path], places)
    used = {part.name for several in parts.values() for part in several}
    for name, other in getattr(family, "TIED", {}).items():
        if name in places and other in places:
            _check_equal(path, name, places[name], other, places[other])
            used.add(name)
    if others := sorted(places.keys() - used):
        raise UsageError(f"{path.name} has tensors that this {config.family} has not: {', '.join(others[:5])}")
    for variable in sorted(
        model.variables, key=lambda one: -math.prod(one.shape)
    ):  # what is freed is room for the next
        if variable.path in parts:
            _give(variable, _value(path, variable, parts[variable.path], places))
        elif variable._value is None:
            variable._deferred_initialize()


def _give(variable: keras.Variable, value: np.ndarray) -> None:
    """`variable` with this value, its first one or another."""
    if variable._value is None:
        variable._initializer = lambda shape, dtype: value
        variable._deferred_initialize()
    else:
        variable.assign(value)


def _files(path: Path) -> list[Path]:
    """`path`, or the files that it is the index of. Raises `UsageError`."""
    if not path.name.endswith(INDEX):
        return [path]
    files = sorted({path.parent / name for name in _index(path).values()})
    if missing := [file for file in files if not file.is_file()]:
        raise UsageError(f"{path.name} is the index of {len(files)} files; {missing[0]} is not there")
    return files


def _index(path: Path) -> dict[str, str]:
    """The file of each tensor, by names of files beside `path`."""
    match strict_json.parse(path.read_bytes(), f"the index {path}"):
        case {"weight_map": dict(found)} if found and all(
            isinstance(file, str) and re.fullmatch(r"[\w.-]+\.safetensors", file) for file in found.values()
        ):
            return found
    raise UsageError(f"{path} is no index of safetensors files: it has no weight_map of files beside it")


def _places(path: Path, family: ModuleType) -> dict[str, Place]:
    """Where each tensor lies, by its full name, those left out that are no weights."""
    found = {}
    for file in _files(path):
        for name, tensor in safetensors_files.table(file).items():
            if name in found:
                raise UsageError(f"{path.name}: the tensor {name} is in {found[name].path.name} and {file.name}")
            found[name] = Place(file, tensor)
    if path.name.endswith(INDEX) and (lost := sorted(_index(path).keys() ^ found.keys())):
        raise UsageError(f"{path.name} and its files differ in the tensor {lost[0]}")
    rooted = any(name.startswith(family.ROOT) for name in found)
    unused = re.compile(getattr(family, "UNUSED", r"(?!)"))
    places = {}
    for name, place in found.items():
        for older, newer in RENAMED.items():
            name = name.removesuffix(older) + newer if name.endswith(older) else name
        name = name if rooted else family.ROOT + name
        if not unused.fullmatch(name):
            places[name] = place
    return places


def _check(path: Path, variable: Any, parts: tuple[Part, ...], places: dict[str, Place]) -> None:
    """Raise `UsageError` unless the `parts` of `variable` are there and fit."""
    shapes = []
    for part in parts:
        if part.name not in places:
            raise UsageError(f"{path.name} lacks the tensor {part.name}, our {variable.path}")
        tensor = places[part.name].tensor
        if tensor.dtype not in READ:
            raise UsageError(
                f"{path.name}: the tensor {part.name} is of type {tensor.dtype}; {', '.join(READ)} are read"
            )
        shapes.append(part.shape(tensor))
    wanted, tensors = tuple(variable.shape), ", ".join(part.name for part in parts)
    fits = all(len(shape) == len(wanted) and shape[:-1] == wanted[:-1] for shape in shapes)
    if not fits or sum(shape[-1] for shape in shapes) != wanted[-1]:
        found = " and ".join(str(places[part.name].tensor.shape) for part in parts)
        raise UsageError(f"{path.name}: {tensors} has shape {found}, our {variable.path} has {wanted}")


def _value(path: Path, variable: Any, parts: tuple[Part, ...], places: dict[str, Place]) -> np.ndarray:
    """The `parts` side by side, of the type of `variable`. Raises `UsageError` for numbers that are not finite."""
    value, start = np.empty(tuple(variable.shape), np.dtype(variable.dtype)), 0
    for part in parts:
        place = places[part.name]
        width = part.shape(place.tensor)[-1]
        into = value[..., start : start + width]
        into = into.T if part.turned else into
        for first, rows in place.chunks(part.rows):
            with np.errstate(over="ignore"):
                into[first : first + len(rows)] = rows
            if not np.isfinite(into[first : first + len(rows)]).all():
                raise UsageError(f"{path.name}: the tensor {part.name} holds values that are not finite")
        start += width
    return value


def _check_equal(path: Path, name: str, one: Place, other_name: str, other: Place) -> None:
    """Raise `UsageError` unless the two tensors, which are one weight here, are equal."""
    alike = one.tensor.shape == other.tensor.shape and one.tensor.dtype == other.tensor.dtype in READ
    pairs = zip(one.chunks(), other.chunks(), strict=True)
    if not alike or not all(np.array_equal(ours, theirs) for (_, ours), (_, theirs) in pairs):
        raise UsageError(f"{path.name}: {name} and {other_name} differ, here they are one table")
