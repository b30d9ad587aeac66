"""A user's own `keras_tuner.HyperModel` as a network that can be searched like any other."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from keras_dl.config import Config
from keras_dl.errors import UsageError, choose
from keras_dl.lazy import LazyModule, keras

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
            theirs = _built(self, keras_tuner.HyperParameters()).input_shape[1:]
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
    _hypermodel(source)
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
    """The space of the HyperModel, found by building it until each choice was taken and each scope active once."""
    return _discovered(config.source).copy()


def build(config: HyperNetwork) -> keras.Model:
    """What the HyperModel builds, as a functional model, compiled or not. Raises `UsageError` if it does not fit."""
    space = _discovered(config.source).copy()
    _set_values(space, dict(config.values))
    model = _built(config, space)
    outputs, inputs = model.output_shape, model.input_shape[1:]
    if outputs != (None, config.classes):
        raise UsageError(f"{config.source} gives outputs of shape {outputs}, {config.classes} classes are wanted")
    if any(size not in (None, own) for size, own in zip(inputs, config.input_shape, strict=True)):
        raise UsageError(f"{config.source} takes inputs of shape {inputs}, the search began with {config.input_shape}")
    return model


@functools.cache
def _hypermodel(source: str) -> keras_tuner.HyperModel:
    module_name, _, name = source.partition(":")
    if not name:
        raise UsageError(f"hypermodel must be module:Name, got {source!r}")
    base = keras_tuner.HyperModel  # with it TensorFlow, without what that prints when the module imports it
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UsageError(f"the module of {source} cannot be imported: {_words(error)}") from error
    choose(f"name in {module_name}", name, (key for key in vars(module) if not key.startswith("_")))
    found = getattr(module, name)
    try:
        found = found() if isinstance(found, type) else found
    except Exception as error:
        raise UsageError(f"{source} cannot be made without arguments: {_words(error)}") from error
    if not isinstance(found, base):
        raise UsageError(f"{source} is no keras_tuner.HyperModel but {type(found).__name__}")
    if type(found).fit is not base.fit:
        raise UsageError(f"{source} has a fit of its own, which is not called here: trials train by the options alone")
    return found


@functools.cache
def _discovered(source: str) -> keras_tuner.HyperParameters:
    """Unlike a tuner's own look into conditional scopes this one writes no files, and sees the branches of choices."""
    known, seen, unseen = keras_tuner.HyperParameters(), [], [{}]
    config = HyperNetwork(source=source)
    while unseen:
        space = known.copy()
        _set_values(space, unseen[0])
        with keras.StatelessScope(initialize_variables=False):
            _built(config, space)
        known.merge(space, overwrite=False)
        seen += [unseen[0], *map(_fulfilled, space.active_scopes)]
        wanted = [*unseen, *map(_fulfilled, space.inactive_scopes), *_choices(space)]
        unseen = [values for values in wanted if values not in seen]
    return known


def _fulfilled(conditions: list[Any]) -> dict[str, Any]:
    """Values for which all `conditions` of KerasTuner hold."""
    return {condition.name: condition.values[0] for condition in conditions}


def _choices(space: keras_tuner.HyperParameters) -> Iterator[dict[str, Any]]:
    """For each value of each choice the values that make it so."""
    types = keras_tuner.engine.hyperparameters
    for parameter in space.space:
        if isinstance(parameter, types.Choice | types.Boolean):
            for value in parameter.values:
                yield {**_fulfilled(parameter.conditions), parameter.name: value}


def _set_values(space: keras_tuner.HyperParameters, values: dict[str, Any]) -> None:
    space.values = {parameter.name: parameter.default for parameter in space.space} | values
    space.ensure_active_values()


@functools.lru_cache(maxsize=8)
def _without_weights(config: HyperNetwork) -> keras.Model:
    with keras.StatelessScope(initialize_variables=False):
        return build(config)


def _built(config: HyperNetwork, space: keras_tuner.HyperParameters) -> keras.Model:
    with _optimizers_beside_it():
        try:
            model = _hypermodel(config.source).build(space)
        except Exception as error:
            raise UsageError(f"build of {config.source} raised {_words(error)}") from error
    if isinstance(model, keras.Sequential) and model.built:
        functional = keras.Model(model.inputs, model.outputs, name=model.name)
        if model.compiled:
            functional.compile(model.optimizer, model.loss)
        model = functional
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise UsageError(
            f"build of {config.source} returned {type(model).__name__}; "
            "wanted is a functional model, or a Sequential that begins with keras.Input"
        )
    if len(model.inputs) != 1:
        raise UsageError(f"build of {config.source} returned a model with {len(model.inputs)} inputs; 1 is wanted")
    return model


@contextlib.contextmanager
def _optimizers_beside_it() -> Iterator[None]:
    """Let optimizers be made within a StatelessScope, which refuses their counter of steps, a single number."""
    made = keras.optimizers.Optimizer.__init__

    def make(optimizer: Any, *arguments: Any, **settings: Any) -> None:
        scope = keras.src.backend.common.global_state
        outer = scope.get_global_attribute("stateless_scope")
        scope.set_global_attribute("stateless_scope", None)
        try:
            made(optimizer, *arguments, **settings)
        finally:
            scope.set_global_attribute("stateless_scope", outer)

    keras.optimizers.Optimizer.__init__ = make
    try:
        yield
    finally:
        keras.optimizers.Optimizer.__init__ = made


def _words(error: Exception) -> str:
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}".removeprefix("UsageError: ")
