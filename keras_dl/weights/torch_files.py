"""Weights as PyTorch's networks name and lay them out, in safetensors: timm's, torchvision's, Hugging Face's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.weights import safetensors_files

if TYPE_CHECKING:
    import keras
    import numpy as np

LEAVES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def read(path: Path, model: keras.Model, config: Config, family: ModuleType) -> dict[str, np.ndarray]:
    """The tensors of the .safetensors file `path` by the paths of `model`'s variables. Raises `UsageError`."""
    found = _tensors(path, config, family)
    layers = {
        variable.path: layer for layer in model.layers for variable in layer.weights if "seed" not in variable.path
    }
    names = _best_names(found, layers, config, family)
    values = {}
    for variable in (variable for variable in model.weights if variable.path in layers):
        name = names[variable.path]
        if name not in found:
            raise UsageError(f"{path.name} lacks the tensor {name}, our {variable.path}")
        tensor = found.pop(name)
        value = _ours(tensor, variable, layers[variable.path])
        if value is None:
            raise UsageError(
                f"{path.name}: the tensor {name} has shape {tensor.shape}, our {variable.path} has {variable.shape}"
            )
        values[variable.path] = value
    if found:
        raise UsageError(f"{path.name} has tensors that {config.family} has not: {', '.join(sorted(found)[:5])}")
    return values


def classes(path: Path, config: Config, family: ModuleType) -> int | None:
    """The outputs of the classifier in the file `path`, if it is called as expected. Raises `UsageError`."""
    found = _tensors(path, config, family)
    name = _best_names(found, ["head/bias"], config, family)["head/bias"]
    return found[name].shape[-1] if name in found and found[name].ndim else None


def _tensors(path: Path, config: Config, family: ModuleType) -> dict[str, np.ndarray]:
    """The tensors of the file by the names that `family` knows."""
    found = safetensors_files.read(path)
    found = {name: tensor for name, tensor in found.items() if not name.endswith(".num_batches_tracked")}
    for name, tensor in found.items():
        if tensor.dtype.kind != "f":
            raise UsageError(f"{path.name}: the tensor {name} is of type {tensor.dtype}, weights are F16, F32 or F64")
    return family.torch_tensors(found, config) if hasattr(family, "torch_tensors") else found


def _best_names(found: dict, paths: Iterable[str], config: Config, family: ModuleType) -> dict[str, str]:
    """The tensor of each variable, in the manner of naming that finds most of them."""
    manners = [getattr(family, key) for key in ("torch_module", "huggingface_module") if hasattr(family, key)]
    candidates = [{path: _name(path, manner, config) for path in paths} for manner in manners]
    return max(candidates, key=lambda names: len(found.keys() & set(names.values())))


def _name(path: str, module, config: Config) -> str:
    owner, _, leaf = path.rpartition("/")
    return f"{module(owner, config)}.{LEAVES[leaf]}" if leaf in LEAVES else module(path, config)


def _ours(tensor: np.ndarray, variable, layer) -> np.ndarray | None:
    """`tensor` with the axes in our order; None if its shape does not fit."""
    shape, leaf = tuple(variable.shape), variable.path.rpartition("/")[2]
    if tensor.size != math.prod(shape):
        return None
    if leaf == "kernel" and tensor.ndim == 2:
        if picture := _flattened(layer):
            height, width, channels = picture
            tensor = tensor.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(tensor.shape)
        # The kernels of attention have two axes for heads and their width, before or after that of the features.
        by_input, by_output = (shape[0], math.prod(shape[1:])), (math.prod(shape[:-1]), shape[-1])
        return tensor.T.reshape(shape) if tensor.T.shape in (by_input, by_output) else None
    if leaf == "kernel" and tensor.ndim == 4:
        if type(layer).__name__ == "DepthwiseConv2D":
            fits = tensor.shape == (shape[2] * shape[3], 1, *shape[:2])
            return tensor.transpose(2, 3, 0, 1).reshape(shape) if fits else None
        tensor = tensor.transpose(2, 3, 1, 0)
    if leaf == "bias" and tensor.shape == (math.prod(shape),):
        return tensor.reshape(shape)
    return tensor if tensor.shape == shape else None


def _flattened(layer) -> tuple[int, int, int] | None:
    """The shape of the map whose flattening `layer` takes, without the batch, if it takes one."""
    while not isinstance(layer.input, list):
        layer = layer.input._keras_history.operation
        if type(layer).__name__ == "Flatten":
            shape = layer.input.shape[1:]
            return tuple(shape) if len(shape) == 3 else None
        if layer.weights or type(layer).__name__ == "InputLayer":
            break
    return None
