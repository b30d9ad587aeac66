"""The Keras catalogue of every network that a deep-learning course teaches.

`list_models()` names them, `get_config(name)` declares one, `build(name)` makes a `keras.Model` of it,
`describe(name)` counts it without allocating a weight, and `load(folder)` reads a saved one.
"""

from keras_dl.catalogue import get_config, list_models
from keras_dl.describe import describe
from keras_dl.errors import UsageError
from keras_dl.saved_model import build, load, save

__version__ = "0.1.0"

__all__ = ["UsageError", "build", "describe", "get_config", "list_models", "load", "save"]
