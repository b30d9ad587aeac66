"""The Keras catalogue of every network that a deep-learning course teaches.

`list_models()` names them, `get_config(name)` declares one, `build(name)` makes a `keras.Model` of it,
`describe(name)` counts it without allocating a weight, `fit` trains it so that it can be killed at any moment, and
`load(folder)` reads a saved one, for which `predict` answers and which `evaluate` measures.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import keras_dl.lazy  # noqa: F401  (before TensorFlow, whose messages it turns off)

if TYPE_CHECKING:
    from keras_dl.catalogue import get_config, list_models
    from keras_dl.catalogue.describe import describe
    from keras_dl.errors import UsageError
    from keras_dl.saved_model import build, load, save
    from keras_dl.training import fit
    from keras_dl.use.evaluate import evaluate
    from keras_dl.use.predictor import predict

__version__ = "0.1.0"

__all__ = ["UsageError", "build", "describe", "evaluate", "fit", "get_config", "list_models", "load", "predict", "save"]

_MODULES = {
    "UsageError": "errors",
    "build": "saved_model",
    "describe": "catalogue.describe",
    "evaluate": "use.evaluate",
    "fit": "training",
    "get_config": "catalogue",
    "list_models": "catalogue",
    "load": "saved_model",
    "predict": "use.predictor",
    "save": "saved_model",
}


def __getattr__(name: str):
    """What is imported when it is first used: the command line must be there before it can be interrupted."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    return globals()[name]
