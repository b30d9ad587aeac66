"""Changes to a loaded network that keep what it has learned: a new head, frozen stages."""

from __future__ import annotations

from collections.abc import Iterable

from keras_dl.config import Config
from keras_dl.errors import choose
from keras_dl.lazy import keras


def stage_of(layer: keras.layers.Layer) -> str:
    """The stage a layer belongs to: what stands before the first underscore of its name."""
    return layer.name.partition("_")[0]


def stages(model: keras.Model) -> list[str]:
    """The stages of `model` that have weights, from input to output: "stem", "stage1" .. "head"."""
    return list(dict.fromkeys(stage_of(layer) for layer in model.layers if layer.weights))


def feature_stages(model: keras.Model) -> list[str]:
    """The stages with weights whose outputs are still maps, (batch, height, width, channels)."""
    maps = {stage_of(layer) for layer in model.layers if layer.weights and len(layer.output.shape) == 4}
    return [stage for stage in stages(model) if stage in maps]


def transplant(source: keras.Model, config: Config, *, fresh: Iterable[str] = ("head",)) -> keras.Model:
    """The network of `config` with the weights of `source`, except in the stages `fresh`, which stay newly initialised.

    `config` is usually `source`'s own with other `classes`. Raises `UsageError` for a stage that does not exist.
    """
    fresh = {choose("stage", stage, stages(source)) for stage in fresh}
    target = config.build()
    for layer in target.layers:
        if layer.weights and stage_of(layer) not in fresh:
            layer.set_weights(source.get_layer(layer.name).get_weights())
    return target


def freeze(model: keras.Model, frozen: Iterable[str]) -> None:
    """Make exactly the stages `frozen` untrainable, their BatchNormalization statistics included.

    Call it before `compile`. Raises `UsageError` for a stage that does not exist.
    """
    frozen = {choose("stage", stage, stages(model)) for stage in frozen}
    for layer in model.layers:
        layer.trainable = stage_of(layer) not in frozen
