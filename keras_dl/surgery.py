"""Changes to a loaded network that keep what it has learned: another head or input, its features, frozen stages."""

from __future__ import annotations

from collections.abc import Iterable

from keras_dl.config import Config
from keras_dl.errors import UsageError, choose
from keras_dl.lazy import keras


def stage_of(layer: keras.layers.Layer) -> str:
    """The stage a layer belongs to: what stands before the first underscore of its name."""
    return layer.name.partition("_")[0]


def check_model(model: object) -> None:
    """Raise `UsageError` if `model` is no network."""
    if not isinstance(model, keras.Model):
        raise UsageError(f"a keras.Model is wanted, as `build` and `load` give it, got {model!r}")


def stages(model: keras.Model) -> list[str]:
    """The stages of `model` that have weights, from input to output: "stem", "stage1" .. "head".

    Raises `UsageError` for what is no model, as all functions here do.
    """
    check_model(model)
    return list(dict.fromkeys(stage_of(layer) for layer in model.layers if layer.weights))


def feature_stages(model: keras.Model) -> list[str]:
    """The stages before the head whose outputs are maps, (batch, height, width, channels), or tokens of a grid."""
    return [stage for stage, tensor in _outputs(model).items() if stage != "head" and _grid(tensor, model)]


def features(model: keras.Model) -> keras.Model:
    """The network without its head: pixels in, a dictionary of the map at the end of each stage out.

    The maps are (batch, rows, columns, channels), from "stem" to the last stage, and share the weights of `model`;
    tokens are laid out as the grid of their patches, a class token is left out. `strides` tells their scales.
    Raises `UsageError` for a network that has neither.
    """
    maps = {}
    for stage in feature_stages(model):
        tensor = _outputs(model)[stage]
        if len(tensor.shape) == 3:
            grid = _grid(tensor, model)
            others = tensor.shape[1] - grid[0] * grid[1]
            tensor = keras.layers.Cropping1D((others, 0), name=f"{stage}_cells")(tensor)
            tensor = keras.layers.Reshape((*grid, tensor.shape[-1]), name=f"{stage}_map")(tensor)
        maps[stage] = tensor
    if not maps:
        raise UsageError(f"{model.name} has no stage whose output is a map")
    return keras.Model(model.input, maps, name=f"{model.name}_features")


def strides(model: keras.Model) -> dict[str, int]:
    """How many pixels of the input lie between two neighbours in the map of each stage that `features` gives."""
    check_model(model)
    steps = {}
    for layer in model.layers:
        sources = [] if isinstance(layer, keras.layers.InputLayer) else keras.tree.flatten(layer.input)
        before = [steps[tensor._keras_history.operation.name] for tensor in sources]
        steps[layer.name] = min(before) * _step(layer, sources[0].shape) if sources else 1
    last = {stage_of(layer): steps[layer.name] for layer in model.layers}
    return {stage: round(last[stage]) for stage in feature_stages(model)}


def embedding(model: keras.Model) -> keras.Model:
    """The network up to what its head reads: inputs in, one vector, (batch, features), for each out.

    Raises `UsageError` for a network whose head reads something else, or that has none.
    """
    check_model(model)
    head = next((layer for layer in model.layers if layer.name == "head"), None)
    if head is None or isinstance(head.input, list | dict) or len(head.input.shape) != 2:
        raise UsageError(f"{model.name} has no layer called head that reads one vector of features for each input")
    return keras.Model(model.input, head.input, name=f"{model.name}_embedding")


def transplant(source: keras.Model, config: Config, *, fresh: Iterable[str] = ("head",)) -> keras.Model:
    """The network of `config` with the weights of `source`, except in the stages `fresh`, which stay newly initialised.

    `config` is usually `source`'s own with other `classes`, channels or height and width:

    - Channels: the first kernel is folded or spread so that a picture whose channels repeat gives the same outputs,
      such as a gray one as RGB; exactly so where one number normalises all channels.
    - Height and width: convolutions stay as they are, position embeddings are interpolated. A dense layer on all
      positions cannot follow; its stage must be among the `fresh`.

    Raises `UsageError` for a stage that does not exist, and for a layer whose weights fit neither way.
    """
    if not isinstance(config, Config):
        raise UsageError(f"the new network is given by its config, got {config!r}")
    target = config.build()
    fresh = _chosen([*stages(source), *stages(target)], fresh)
    here = {layer.name for layer in source.layers}
    first = next((layer for layer in target.layers if layer.weights and len(layer.weights[0].shape) == 4), None)
    for layer in target.layers:
        if not layer.weights or stage_of(layer) in fresh:
            continue
        if layer.name not in here:
            raise UsageError(f"{source.name} has no layer {layer.name}; name its stage, {stage_of(layer)!r}, as fresh")
        donor = source.get_layer(layer.name)
        values, shapes = donor.get_weights(), [tuple(variable.shape) for variable in layer.weights]
        if layer is first:
            values[0] = _with_channels(values[0], shapes[0][2])
        if hasattr(layer, "resized"):
            values = layer.resized(donor)
        found = [value.shape for value in values]
        if found != shapes:
            raise UsageError(
                f"{layer.name} has weights of shape {found}, the new network wants {shapes}; "
                f"name its stage, {stage_of(layer)!r}, as fresh"
            )
        layer.set_weights(values)
    return target


def freeze(model: keras.Model, frozen: Iterable[str]) -> None:
    """Make exactly the stages `frozen` untrainable, their BatchNormalization statistics included.

    Call it before `compile`. Raises `UsageError` for a stage that does not exist.
    """
    frozen = _chosen(stages(model), frozen)
    for layer in model.layers:
        layer.trainable = stage_of(layer) not in frozen


def _chosen(known: Iterable[str], names: Iterable[str]) -> set[str]:
    """The stages `names`, each of the `known` ones. Raises `UsageError`."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise UsageError(f"stages are given as a list of their names, such as ['head'], got {names!r}")
    return {choose("stage", name, known) for name in names}


def _outputs(model: keras.Model) -> dict:
    """The last output of every stage that has weights."""
    known = stages(model)
    last = {stage_of(layer): layer.output for layer in model.layers}
    return {stage: last[stage] for stage in known}


def _step(layer: keras.layers.Layer, shape: tuple) -> float:
    """The stride of `layer`, for inputs of `shape`; below 1 where it enlarges its maps."""
    if len(shape) != 4 or len(layer.output.shape) != 4:
        return 1
    step = getattr(layer, "strides", None)
    if step is None:
        return max(1, round(shape[1] / layer.output.shape[1]))
    step = step if isinstance(step, int) else step[0]
    return 1 / step if isinstance(layer, keras.layers.Conv2DTranspose) else step


def _grid(tensor, model: keras.Model) -> tuple[int, int] | None:
    """The rows and columns of a map, or of the patches whose tokens `tensor` holds; None if it holds neither."""
    if len(tensor.shape) == 4:
        return tuple(tensor.shape[1:3])
    if len(tensor.shape) == 3:
        maps = [layer.output.shape for layer in model.layers if len(layer.output.shape) == 4]
        return tuple(maps[-1][1:3]) if maps else None
    return None


def _with_channels(kernel, channels: int):
    """A convolution's kernel (height, width, inputs, filters) with so many `channels` of input."""
    import numpy as np

    inputs = kernel.shape[2]
    if channels >= inputs:
        source = np.arange(channels) % inputs
        return kernel[:, :, source] / np.bincount(source)[source][:, None]
    folded = np.zeros((*kernel.shape[:2], channels, kernel.shape[3]), kernel.dtype)
    for channel in range(inputs):
        folded[:, :, channel % channels] += kernel[:, :, channel]
    return folded
