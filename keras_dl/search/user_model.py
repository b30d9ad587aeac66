"""A user's HyperModel: found by its name, its space explored, what it builds checked."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from keras_dl.errors import UsageError, choose
from keras_dl.lazy import NOTHING, LazyModule, keras, replaced

keras_tuner = LazyModule("keras_tuner")


@functools.cache
def hypermodel(source: str) -> keras_tuner.HyperModel:
    """The HyperModel called `source`, "module:Name". Raises `UsageError` if there is none that can be used."""
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
def hyperparameters(source: str) -> keras_tuner.HyperParameters:
    """The space of a HyperModel, found by building it until each choice was taken and each scope active once.

    Unlike a tuner's own look into conditional scopes this one writes no files, and sees the branches of choices.
    """
    known, seen, unseen = keras_tuner.HyperParameters(), [], [{}]
    while unseen:
        space = known.copy()
        set_values(space, unseen[0])
        with keras.StatelessScope(initialize_variables=False):
            built(source, space)
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


def set_values(space: keras_tuner.HyperParameters, values: dict[str, Any]) -> None:
    """Give the hyperparameters of `space` these values, those left out their default."""
    space.values = {parameter.name: parameter.default for parameter in space.space} | values
    space.ensure_active_values()


def built(source: str, space: keras_tuner.HyperParameters) -> keras.Model:
    """What a HyperModel builds for the values of `space`, as a functional model. Raises `UsageError` for anything else.

    Its layers are Keras's own, also where `keras_dl.lazy` has replaced them.
    """
    with replaced(NOTHING):
        return _functional(source, space)


def _functional(source: str, space: keras_tuner.HyperParameters) -> keras.Model:
    with _optimizers_beside_it():
        try:
            model = hypermodel(source).build(space)
        except Exception as error:
            raise UsageError(f"build of {source} raised {_words(error)}") from error
    if isinstance(model, keras.Sequential) and model.built:
        functional = keras.Model(model.inputs, model.outputs, name=model.name)
        if model.compiled:
            functional.compile(model.optimizer, model.loss)
        model = functional
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise UsageError(
            f"build of {source} returned {type(model).__name__}; "
            "wanted is a functional model, or a Sequential that begins with keras.Input"
        )
    if len(model.inputs) != 1:
        raise UsageError(f"build of {source} returned a model with {len(model.inputs)} inputs; 1 is wanted")
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
