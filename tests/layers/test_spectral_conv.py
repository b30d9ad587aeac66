"""The kernel is divided by its largest singular value, which follows it while training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_dl.layers import SpectralConv2D

X = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")


def built(**settings):
    keras.utils.set_random_seed(1)
    layer = SpectralConv2D(5, 3, padding="same", strides=2, bias_initializer="random_normal", **settings)
    layer(X)
    return layer


def test_it_convolves_with_the_kernel_over_its_largest_singular_value():
    layer = built(activation="relu")
    for _ in range(30):
        layer(X, training=True)
    largest = np.linalg.svd(layer.kernel.numpy().reshape(-1, 5), compute_uv=False)[0]
    plain = keras.layers.Conv2D(5, 3, padding="same", strides=2, activation="relu")
    plain.build(X.shape)
    plain.set_weights([layer.kernel.numpy() / largest, layer.bias.numpy()])
    np.testing.assert_allclose(layer(X), plain(X), atol=1e-5)


def test_the_vector_moves_in_training_alone_and_is_no_weight():
    layer = built()
    before = layer.direction.numpy()
    layer(X)
    np.testing.assert_array_equal(layer.direction, before)
    layer(X, training=True)
    assert np.any(layer.direction.numpy() != before)
    assert [variable.name for variable in layer.trainable_variables] == ["kernel", "bias"]


def test_a_longer_kernel_is_the_same_one():
    layer = built()
    once = layer(X).numpy()
    layer.kernel.assign(7 * layer.kernel)
    np.testing.assert_allclose(layer(X), once, atol=1e-5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(X) ** 2)
    gradient = tape.gradient(loss, layer.kernel.value)
    assert float(tf.reduce_sum(gradient * layer.kernel)) == pytest.approx(0, abs=1e-2 * float(loss))


def test_a_file_keeps_it(tmp_path):
    inputs = keras.Input((6, 6, 3))
    model = keras.Model(inputs, SpectralConv2D(5, 3, use_bias=False, name="conv")(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(X), model(X))
