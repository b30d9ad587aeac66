"""Callbacks and metrics by name: Keras's own, or those of a module of one's own, "module:Name"."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from keras_dl.errors import UsageError, choose
from keras_dl.lazy import keras


def callbacks(names: Sequence[str]) -> list[keras.callbacks.Callback]:
    """The callbacks called `names`, made without arguments. Raises `UsageError` for what is none."""
    return [_made(name, "callback", keras.callbacks.Callback) for name in names]


def metrics(names: Sequence[str]) -> list[keras.metrics.Metric]:
    """The metrics called `names`, such as top_k_categorical_accuracy. Raises `UsageError` for what is none."""
    found = []
    for name in names:
        if ":" in name:
            found.append(_made(name, "metric", keras.metrics.Metric))
            continue
        try:
            metric = keras.metrics.get(name)
        except ValueError:
            raise UsageError(f"unknown metric {name!r}; Keras's are listed at keras.io/api/metrics") from None
        if not isinstance(metric, keras.metrics.Metric):
            metric = keras.metrics.MeanMetricWrapper(metric, name=name)
        found.append(metric)
    return found


def _made(source: str, what: str, base: type) -> Any:
    """What `source`, "module:Name", names: an instance of `base`, of a module in the present folder or installed."""
    module_name, _, name = source.partition(":")
    if not module_name or not name:
        raise UsageError(f"a {what} of your own is module:Name, got {source!r}")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        reason = next(iter(str(error).splitlines()), "")
        raise UsageError(f"the module of {source} cannot be imported: {type(error).__name__}: {reason}") from error
    choose(f"name in {module_name}", name, (key for key in vars(module) if not key.startswith("_")))
    found = getattr(module, name)
    try:
        found = found() if isinstance(found, type) else found
    except Exception as error:
        raise UsageError(f"{source} cannot be made without arguments: {error}") from error
    if not isinstance(found, base):
        raise UsageError(f"{source} is no keras {what} but {type(found).__name__}")
    return found
