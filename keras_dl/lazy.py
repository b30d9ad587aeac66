"""Modules that are imported when first used: importing Keras and TensorFlow takes seconds, listing a catalogue must not."""

import importlib
import os
import types

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reports the GPUs it does not find


class LazyModule(types.ModuleType):
    """Stands for the module called `name` and imports it at the first attribute access."""

    def __getattr__(self, attribute: str):
        return getattr(importlib.import_module(self.__name__), attribute)


keras = LazyModule("keras")
layers = LazyModule("keras_dl.layers")
