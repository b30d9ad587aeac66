"""Data sets: a name or a folder becomes training, validation and test splits with a spec."""

from keras_dl.data.dataset import Data
from keras_dl.data.load import load
from keras_dl.data.spec import Spec
from keras_dl.data.split import Split

__all__ = ["Data", "Spec", "Split", "load"]
