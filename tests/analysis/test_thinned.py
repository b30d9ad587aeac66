"""A network is the geometric mean of its thinned ones for one hidden layer and half of the units, and not otherwise."""

import numpy as np
import pytest

from keras_dl import get_config
from keras_dl.analysis.thinned import against_mean, off_geometric_mean
from keras_dl.lazy import keras

generator = np.random.default_rng(0)
X, Y = generator.normal(size=(20, 4)).astype("float32"), generator.integers(0, 3, 20)


def network(dropout):
    keras.utils.set_random_seed(0)
    return get_config("mlp", input_shape=(4,), classes=3, hidden=(6,), dropout=dropout).build()


def test_all_units_are_the_geometric_mean():
    assert off_geometric_mean(network(0.5), X, 0.5) < 1e-6
    assert off_geometric_mean(network(0.5), X, 0.8) > 1e-3


def test_without_dropout_all_thinned_networks_are_the_whole():
    assert against_mean(network(0.0), X, Y, 3) == {"errs_more": 0, "off_mean": pytest.approx(0, abs=1e-6)}
    assert against_mean(network(0.5), X, Y, 3)["off_mean"] > 0.01
