"""The gradient comes back with the other sign, everything else stays."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_dl.layers import GradientReversal

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
G = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0, 10.0])
def test_only_the_gradient_changes(factor):
    layer, x = GradientReversal(factor), tf.Variable(X)
    with tf.GradientTape() as tape:
        y = layer(x)
    np.testing.assert_array_equal(y, X)
    np.testing.assert_allclose(tape.gradient(y, x, G), -factor * G, atol=1e-6)


def test_the_factor_is_a_variable_that_no_optimizer_changes():
    layer, x = GradientReversal(1.0), tf.Variable(X)
    layer.factor.assign(0.25)
    with tf.GradientTape() as tape:
        y = layer(x)
    np.testing.assert_allclose(tape.gradient(y, x, G), -0.25 * G, atol=1e-6)
    assert layer.trainable_weights == []
    assert [weight.path for weight in layer.weights] == [layer.factor.path]


def test_survives_a_file(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, GradientReversal(0.5, name="reversal")(inputs))
    model.get_layer("reversal").factor.assign(0.75)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert float(again.get_layer("reversal").factor) == 0.75
