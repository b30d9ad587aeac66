"""Data sets: a name, a folder, a file or arrays become training, validation and test splits with a spec."""

from keras_dl.data.dataset import Data
from keras_dl.data.examples import from_examples
from keras_dl.data.load import load
from keras_dl.data.spec import Spec
from keras_dl.data.split import Split

__all__ = ["Data", "Spec", "Split", "from_examples", "load"]
