"""BoundedDense computes with shortened weight vectors, and its gradient knows that their length does not count."""

import numpy as np
import pytest
import tensorflow as tf

from keras_dl.layers import BoundedDense

GENERATOR = np.random.default_rng(0)
X, KERNEL = GENERATOR.normal(size=(7, 4)), GENERATOR.normal(size=(4, 3)) * [0.1, 1, 5]


def outputs(kernel, bias=0.0):
    return X @ (kernel * np.minimum(1, 1.5 / np.linalg.norm(kernel, axis=0))) + bias


@pytest.fixture
def layer():
    layer = BoundedDense(3, 1.5, dtype="float64")
    layer.build((None, 4))
    layer.set_weights([KERNEL, np.array([1.0, 2.0, 3.0])])
    return layer


def test_long_vectors_count_as_shortened_and_short_ones_as_they_are(layer):
    assert np.linalg.norm(KERNEL, axis=0)[0] < 1.5 < np.linalg.norm(KERNEL, axis=0)[2]
    np.testing.assert_allclose(layer(X), outputs(KERNEL, [1.0, 2.0, 3.0]), rtol=1e-12)
    np.testing.assert_array_equal(layer.kernel, KERNEL)


def test_the_gradient_goes_through_the_shortening(layer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(X) ** 2)
    gradient = tape.gradient(loss, layer.kernel.value).numpy()
    for index in np.ndindex(KERNEL.shape):
        step = np.zeros_like(KERNEL)
        step[index] = 1e-6
        above, below = ((outputs(KERNEL + sign * step, [1.0, 2.0, 3.0]) ** 2).sum() for sign in (1, -1))
        assert gradient[index] == pytest.approx((above - below) / 2e-6, rel=1e-3, abs=1e-6)
    assert gradient[:, 2] @ KERNEL[:, 2] == pytest.approx(0, abs=1e-8)
    assert abs(gradient[:, 0] @ KERNEL[:, 0]) > 1e-3


def test_is_declared_by_its_config(layer):
    assert BoundedDense.from_config(layer.get_config()).max_norm == 1.5
    with pytest.raises(ValueError, match="max_norm must be above 0, got 0"):
        BoundedDense(3, 0)
