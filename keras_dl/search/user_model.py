"""A user's HyperModel, found by its name, and what it builds, checked: for children, since its code may do anything."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from keras_dl.errors import UsageError, choose
from keras_dl.lazy import NOTHING, LazyModule, keras, replaced
from keras_dl.search.helper import words

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
    except (Exception, SystemExit) as error:
        raise UsageError(f"the module of {source} cannot be imported: {words(error)}") from error
    choose(f"name in {module_name}", name, (key for key in vars(module) if not key.startswith("_")))
    found = getattr(module, name)
    try:
        found = found() if isinstance(found, type) else found
    except (Exception, SystemExit) as error:
        raise UsageError(f"{source} cannot be made without arguments: {words(error)}") from error
    if not isinstance(found, base):
        raise UsageError(f"{source} is no keras_tuner.HyperModel but {type(found).__name__}")
    if type(found).fit is not base.fit:
        raise UsageError(f"{source} has a fit of its own, which is not called here: trials train by the options alone")
    return found


def look(source: str, known: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What building a HyperModel with these values shows, where its space is `known` so far, as JSON holds it.

    "space" is all of the space that is known then, "active" and "inactive" are the values that scopes want of it. Then
    "inputs" and "outputs", the shapes, and "compiled"; or "reason", why it could not be built.

    Raises `UsageError` if there is no such HyperModel.
    """
    hypermodel(source)
    keras.utils.clear_session()
    space = set_values(keras_tuner.HyperParameters.from_config(known), values)
    try:
        model = without_weights(functools.partial(built, source, space))
        found = {"inputs": model.input_shape[1:], "outputs": model.output_shape, "compiled": model.compiled}
    except UsageError as error:
        found = {"reason": str(error)}
    except BaseException as error:  # the user's own; no signal of the terminal reaches a child
        found = {"reason": f"build of {source} raised {words(error)}"}
    active, inactive = (list(map(fulfilled, scopes)) for scopes in (space.active_scopes, space.inactive_scopes))
    return {**found, "space": space.get_config(), "active": active, "inactive": inactive}


def without_weights(build: Callable[[], keras.Model]) -> keras.Model:
    """What `build` returns, no weight allocated unless a layer of the user's insists on it."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            return build()
    except UsageError:
        return build()


def fulfilled(conditions: list[Any]) -> dict[str, Any]:
    """Values for which all `conditions` of KerasTuner hold."""
    return {condition.name: condition.values[0] for condition in conditions}


def set_values(space: keras_tuner.HyperParameters, values: dict[str, Any]) -> keras_tuner.HyperParameters:
    """`space`, its hyperparameters with these values, those left out with their default."""
    space.values = {parameter.name: parameter.default for parameter in space.space} | values
    space.ensure_active_values()
    return space


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
        except (Exception, SystemExit) as error:
            raise UsageError(f"build of {source} raised {words(error)}") from error
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
