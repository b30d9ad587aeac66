"""Keras layers that Keras does not have, one a file, registered with `keras.saving` under the package "keras_dl"."""

from keras_dl.layers.activations import scaled_tanh
from keras_dl.layers.lecun_conv import LeCunConv2D
from keras_dl.layers.locally_connected import LocallyConnected2D
from keras_dl.layers.rbf_output import RBFOutput
from keras_dl.layers.trainable_subsampling import TrainableSubsampling2D
from keras_dl.layers.unit_thresholds import UnitThresholds

__all__ = [
    "LeCunConv2D",
    "LocallyConnected2D",
    "RBFOutput",
    "TrainableSubsampling2D",
    "UnitThresholds",
    "scaled_tanh",
]
