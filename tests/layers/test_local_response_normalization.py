"""LocalResponseNormalization is the paper's, which TensorFlow's function computes too."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_dl.layers import LocalResponseNormalization

x = np.random.default_rng(0).normal(0, 60, (2, 3, 4, 7)).astype("float32")


@pytest.mark.parametrize("size", [1, 3, 5, 17])
def test_equals_tensorflow(size):
    expected = tf.nn.local_response_normalization(x, depth_radius=size // 2, bias=2.0, alpha=1e-4, beta=0.75)
    np.testing.assert_allclose(LocalResponseNormalization(size)(x), expected, rtol=1e-5)


def test_a_map_is_divided_by_the_squares_around_it():
    y = LocalResponseNormalization(3, k=1.0, alpha=0.5, beta=2.0)(np.float32([[[[1, 2, 3, 4]]]]))
    np.testing.assert_allclose(np.ravel(y), [1 / 3.5**2, 2 / 8**2, 3 / 15.5**2, 4 / 13.5**2], rtol=1e-5)


def test_half_precision_does_not_overflow():
    layer = LocalResponseNormalization(dtype=keras.DTypePolicy("mixed_float16"))
    y = layer(100 * x)
    assert y.dtype == "float16" and np.isfinite(y).all()
