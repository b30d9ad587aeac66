"""What batch normalisation is in this catalogue: Keras's, by its definition (Ioffe & Szegedy 2015, algorithms 1, 2)."""

import keras
import numpy as np
import pytest
import tensorflow as tf

X = np.random.default_rng(0).normal(3, 2, size=(16, 5))


@pytest.fixture
def layer():
    layer = keras.layers.BatchNormalization(dtype="float64")
    layer.build(X.shape)
    return layer


def test_training_normalises_by_the_batch_and_inference_by_the_moving_statistics(layer):
    outputs = layer(X, training=True).numpy()
    mean, variance = X.mean(axis=0), X.var(axis=0)
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(outputs.var(axis=0), variance / (variance + 1e-3), rtol=1e-9)
    np.testing.assert_allclose(layer.moving_mean, 0.01 * mean, rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, 0.99 + 0.01 * variance, rtol=1e-6)  # biased; PyTorch's is not
    expected = (X - layer.moving_mean) / np.sqrt(layer.moving_variance + np.float64(1e-3))
    np.testing.assert_allclose(layer(X, training=False), expected, rtol=1e-6)


def test_the_gradient_flows_through_mean_and_variance(layer):
    target = np.random.default_rng(1).normal(size=X.shape)

    def loss(x):
        return ((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3) * target).sum()

    x = tf.Variable(X)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(x, training=True) * target)
    gradient = tape.gradient(value, x).numpy()
    for index in ((0, 0), (7, 3), (15, 4)):
        step = np.zeros_like(X)
        step[index] = 1e-5
        assert gradient[index] == pytest.approx((loss(X + step) - loss(X - step)) / 2e-5, rel=1e-3)
    np.testing.assert_allclose(gradient.sum(axis=0), 0, atol=1e-6)  # a shift of the batch changes nothing
