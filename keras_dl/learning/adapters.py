"""Low-rank adapters: a network that has learned one thing learns another by a few weights beside its own.

Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang & Chen, "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022,
section 4.1: the kernel W of a dense layer becomes W + A B, of which W stays; A (inputs, rank) is drawn at random and B
(rank, outputs) is 0, so that at first nothing changes. They are those of Keras's `enable_lora`, with a scale of 1.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.errors import UsageError, some
from keras_dl.fields import Count, checked
from keras_dl.lazy import keras
from keras_dl.surgery import check_model, stage_of

WHOLE = "head"
"""the stage that is trained as it is in a network of classes, since those may be new"""


def adapt(network: keras.Model, config: Config, rank: int) -> None:
    """Give the dense layers of `network`, also those in models within it, adapters of `rank`; nothing else is trained.

    Attention is made of dense layers in this catalogue. In a network of `classes` the stage "head" is trained whole.
    Call it before `compile`. Raises `UsageError` for a network that has no dense layer, and for one that has adapters.
    """
    check_model(network)
    rank = checked("rank", rank, Count)
    whole = set(_whole(network, config))
    dense = [layer for layer in _layers(network) if _is_dense(layer) and id(layer) not in whole]
    if not dense:
        raise UsageError(f"{network.name} has no dense layer before its head, so adapters have nothing to adapt")
    if any(layer.lora_enabled for layer in dense):
        raise UsageError(f"{network.name} has adapters already")
    if rank > (most := max(min(layer.kernel.shape[0], layer.kernel.shape[-1]) for layer in dense)):
        raise UsageError(f"rank {rank} is more than any kernel of {network.name} has; use at most {most}")
    for layer in _layers(network):
        if id(layer) in whole:
            continue
        for variable in layer._trainable_variables:
            variable.trainable = False
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # whose averages stay too
    for layer in dense:
        layer.enable_lora(rank)


def of(network: keras.Model) -> dict[str, keras.Variable]:
    """The weights by their paths that `adapt` lets be trained: the adapters, and those of the head."""
    return {variable.path: variable for variable in network.trainable_variables}


def count(network: keras.Model) -> int:
    """How many numbers are trained."""
    return sum(math.prod(variable.shape) for variable in network.trainable_variables)


def amounts(network: keras.Model) -> dict[str, np.ndarray]:
    """The weights of `network` by their paths as it would have them without adapters: these are added to kernels."""
    found = {variable.path: np.asarray(variable.numpy(), order="C") for variable in network.weights}
    for layer in _layers(network):
        if getattr(layer, "lora_enabled", False):
            found[layer._kernel.path] = np.asarray(keras.ops.convert_to_numpy(layer.kernel), order="C")
            del found[layer.lora_kernel_a.path], found[layer.lora_kernel_b.path]
    return found


def merged(network: keras.Model, config: Config) -> keras.Model:
    """A network of `config` that gives what `network`, built by it, gives with its adapters, but has none."""
    model, values = config.build(), amounts(network)
    for variable in model.weights:
        variable.assign(values[variable.path])
    return model


def save(network: keras.Model, file: str | os.PathLike) -> None:
    """Write what `of` gives into `file`, in the format of safetensors, whole or not at all."""
    import safetensors.numpy

    ranks = {layer.lora_rank for layer in _layers(network) if getattr(layer, "lora_enabled", False)}
    if len(ranks) != 1:
        raise UsageError(f"{network.name} has no adapters to save")
    tensors = {path: np.asarray(variable.numpy(), order="C") for path, variable in of(network).items()}
    storage.write(Path(file), safetensors.numpy.save(tensors, {"rank": json.dumps(ranks.pop())}))


def load(network: keras.Model, config: Config, file: str | os.PathLike) -> None:
    """Give `network`, built by `config` and without adapters, those that `save` has written.

    Raises `UsageError` for a file of anything else, and for adapters of another network.
    """
    import safetensors

    try:
        with safetensors.safe_open(file, framework="numpy") as opened:
            rank = json.loads((opened.metadata() or {}).get("rank", "null"))
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise UsageError(f"{file} holds no adapters: {error}") from None
    if rank is None:
        raise UsageError(f"{file} holds no adapters: it does not say their rank")
    adapt(network, config, rank)
    ours = of(network)
    if wrong := sorted(name for name in ours.keys() ^ tensors.keys()):
        raise UsageError(f"{file} holds the adapters of another network: {some(wrong)} is only in one of them")
    for name, variable in ours.items():
        if tensors[name].shape != tuple(variable.shape):
            raise UsageError(f"{file} has {name} of {tensors[name].shape}, {network.name} of {tuple(variable.shape)}")
    for name, variable in ours.items():
        variable.assign(tensors[name])


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    return network._flatten_layers(include_self=False)


def _is_dense(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense)


def _whole(network: keras.Model, config: Config) -> Iterable[int]:
    """The layers, by their identity, that are trained whole."""
    for layer in network.layers if hasattr(config, "classes") else ():
        if stage_of(layer) == WHOLE:
            yield from (id(part) for part in [layer, *layer._flatten_layers(include_self=False)])
