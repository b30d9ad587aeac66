import keras
import numpy as np
import pytest

from keras_dl.layers import RBFOutput

CODES = [[1, -1, 1], [-1, -1, 1]]


def test_outputs_are_minus_the_squared_distances():
    layer = RBFOutput(CODES)
    x = np.array([[1, -1, 1], [0, 2, 0]], "float32")
    np.testing.assert_allclose(layer(x), [[0, -4], [-(1 + 9 + 1), -(1 + 9 + 1)]])
    assert layer.trainable_weights == [] and layer.weights[0].shape == (2, 3)
    assert layer.links((2,)) == 6


def test_codes_survive_the_config():
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(RBFOutput(CODES)))
    twin.build((None, 3))
    np.testing.assert_array_equal(twin.codes, CODES)


def test_codes_of_another_length_are_refused():
    with pytest.raises(ValueError, match="codes have 3 features, the input has 4"):
        RBFOutput(CODES).build((None, 4))
