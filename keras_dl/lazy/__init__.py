"""Modules imported when first used: importing Keras and TensorFlow takes seconds, listing a catalogue must not."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import importlib.metadata
import os
import re
import sys
import traceback
import types
from collections.abc import Iterator, Mapping
from typing import Any

from keras_dl.errors import UsageError
from keras_dl.lazy.programs import remember_programs

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reports every GPU that it does not find
BACKENDS = ("jax", "tensorflow", "torch")
SAFE_KERAS = (3, 15, 1)
READING_SETTINGS = tuple(os.path.join("keras", "src", "backend", name) for name in ("config.py", "__init__.py"))

NOTHING: Mapping[tuple[str, str], Any] = types.MappingProxyType({})

_replaced = contextvars.ContextVar("replaced", default=NOTHING)


class LazyModule(types.ModuleType):
    """Stands for the module called `name` and imports it at the first attribute access."""

    def __getattr__(self, attribute: str):
        if self.__name__ not in sys.modules:
            _import(self.__name__)
        replacements = _replaced.get()
        if (self.__name__, attribute) in replacements:
            return replacements[self.__name__, attribute]
        return getattr(sys.modules[self.__name__], attribute)


@contextlib.contextmanager
def replaced(replacements: Mapping[tuple[str, str], Any]) -> Iterator[None]:
    """Within it, lazy modules give `replacements` by (module, attribute) in place of what they have."""
    token = _replaced.set(replacements)
    try:
        yield
    finally:
        _replaced.reset(token)


def _import(name: str) -> None:
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend not in BACKENDS:
        raise UsageError(f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}, got {backend!r}")
    found = importlib.metadata.version("keras")
    if tuple(map(int, re.findall(r"\d+", found)[:3])) < SAFE_KERAS:
        raise UsageError(f"keras_dl needs keras >= {'.'.join(map(str, SAFE_KERAS))} (security fixes), found {found}")
    remember_programs()
    try:
        with _native_stderr_closed():
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in BACKENDS:
            raise
        raise UsageError(f"Keras needs {error.name}, which is not installed; set KERAS_BACKEND=tensorflow") from error
    except Exception as error:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.endswith(READING_SETTINGS):
            raise
        settings = frame.f_globals
        if "_config_path" not in settings:
            settings = vars(sys.modules["keras.src.backend.config"])
        raise UsageError(f"Keras cannot use the settings in {settings['_config_path']}: {error}") from error


@contextlib.contextmanager
def _native_stderr_closed() -> Iterator[None]:
    """Drop what native code prints while it is loaded; Python's own messages and exceptions still arrive.

    TensorFlow's logger takes the stream that Python has meanwhile, so that stays open.
    """
    saved = os.dup(2)
    python_stderr, sys.stderr = sys.stderr, os.fdopen(os.dup(2), "w", buffering=1)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        sys.stderr = python_stderr


@contextlib.contextmanager
def settings_of_keras() -> Iterator[None]:
    """Within it Keras has the settings that it comes with, whatever keras.json or a program says.

    Networks here are written for them: channels last, weights in float32. A policy such as mixed_bfloat16, whose
    weights are float32, stays.
    """
    config = keras.config
    before = config.image_data_format(), config.floatx(), config.epsilon(), config.dtype_policy()
    config.set_image_data_format("channels_last")
    config.set_floatx("float32")
    config.set_epsilon(1e-7)
    if config.dtype_policy().variable_dtype != "float32":
        config.set_dtype_policy("float32")
    try:
        yield
    finally:
        layout, floatx, epsilon, policy = before
        config.set_image_data_format(layout)
        config.set_floatx(floatx)
        config.set_epsilon(epsilon)
        config.set_dtype_policy(policy)


keras = LazyModule("keras")
tf = LazyModule("tensorflow")
layers = LazyModule("keras_dl.layers")
