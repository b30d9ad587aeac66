"""A user's own `keras_tuner.HyperModel` as a network that can be searched like any other."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule, keras
from keras_dl.search import user_model

if TYPE_CHECKING:
    from keras_dl.data import Spec

keras_tuner = LazyModule("keras_tuner")


@dataclasses.dataclass(frozen=True, kw_only=True)
class HyperNetwork(Config):
    """What the HyperModel at `source`, "module:Name", builds for the `values` of its hyperparameters.

    The data decide `input_shape`, pictures 0..255 or features, and `classes`, the outputs that it must have.
    """

    task: ClassVar[str] = "classification"
    compiles_itself: ClassVar[bool] = True

    source: str
    input_shape: tuple[int, ...] = ()
    classes: int = 0
    values: tuple[tuple[str, bool | int | float | str], ...] = ()
    """by name; what is left out has its default"""

    @property
    def classifier_activation(self) -> Literal["softmax", "sigmoid"] | None:
        """That of the last layer, as far as the loss of an uncompiled model depends on it."""
        last = getattr(_without_weights(self).layers[-1], "activation", None)
        return name if (name := getattr(last, "__name__", None)) in ("softmax", "sigmoid") else None

    @property
    def compiled(self) -> bool:
        """Whether the HyperModel compiles what it builds; its optimizer and loss stay then."""
        return _without_weights(self).compiled

    def for_data(self, spec: Spec) -> Self:
        """A copy for this data; pictures are resized to the input of the model where that is fixed."""
        spec.check_numbers(self.source)
        with keras.StatelessScope(initialize_variables=False):
            theirs = user_model.built(self.source, keras_tuner.HyperParameters()).input_shape[1:]
        shape = tuple(own or size for own, size in zip(theirs, spec.shape, strict=False))
        if len(theirs) != len(spec.shape) or (spec.kind != "image" and shape != spec.shape):
            raise UsageError(f"{self.source} takes inputs of shape {theirs}, {spec.name} has {spec.shape}")
        config = self.replace(input_shape=shape, classes=spec.classes)
        _without_weights(config)
        return config


def network(source: str) -> HyperNetwork:
    """The network of the HyperModel called `source`, "module:Name"; the module may lie in the present folder.

    Raises `UsageError` if there is none.
    """
    user_model.hypermodel(source)
    return HyperNetwork(source=source)


def read_config(text: str) -> Config:
    """The config that `to_json` wrote, of the catalogue or of a HyperModel: of a search's own files, not of strangers'.

    A HyperModel's module is imported when it is built. `Config.from_json` reads the catalogue's alone.
    """
    fields = json.loads(text)
    if fields.get("family") != __name__.rpartition(".")[2]:
        return Config.from_json(text)
    return HyperNetwork(**{name: value for name, value in fields.items() if name != "family"})


def hyperparameters(config: HyperNetwork) -> keras_tuner.HyperParameters:
    """The space of the HyperModel."""
    return user_model.hyperparameters(config.source).copy()


def build(config: HyperNetwork) -> keras.Model:
    """What the HyperModel builds, as a functional model, compiled or not. Raises `UsageError` if it does not fit."""
    space = user_model.hyperparameters(config.source).copy()
    user_model.set_values(space, dict(config.values))
    model = user_model.built(config.source, space)
    outputs, inputs = model.output_shape, model.input_shape[1:]
    if outputs != (None, config.classes):
        raise UsageError(f"{config.source} gives outputs of shape {outputs}, {config.classes} classes are wanted")
    if any(size not in (None, own) for size, own in zip(inputs, config.input_shape, strict=True)):
        raise UsageError(f"{config.source} takes inputs of shape {inputs}, the search began with {config.input_shape}")
    return model


@functools.lru_cache(maxsize=8)
def _without_weights(config: HyperNetwork) -> keras.Model:
    with keras.StatelessScope(initialize_variables=False):
        return build(config)
