"""Data sets: a name or a folder becomes training, validation and test splits with a spec."""

from keras_dl.data.spec import Spec

__all__ = ["Spec"]
