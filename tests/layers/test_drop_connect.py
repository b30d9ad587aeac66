"""DropConnect drops single weights, others for each example, and none at inference."""

import keras
import numpy as np
import pytest

from keras_dl.layers import DropConnect


@pytest.fixture
def layer():
    keras.utils.set_random_seed(0)
    layer = DropConnect(400, 0.3, bias_initializer="ones")
    layer.build((None, 50))
    return layer


def test_single_weights_are_dropped_and_the_mean_stays(layer):
    x = np.eye(50, dtype="float32")[:8]
    layer.bias.assign(np.zeros(400))
    connections = layer(x, training=True) / layer.kernel[:8]
    dropped = np.isclose(connections, 0)
    assert dropped.mean() == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(connections[~dropped], 1 / 0.7, rtol=1e-4)


def test_masks_differ_by_example_and_by_step(layer):
    x = np.tile(np.eye(50, dtype="float32")[:1], (4, 1))
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    for other in (*first[1:], second[0]):
        assert np.mean(other != first[0]) > 0.3
    assert np.unique(layer(0 * x, training=True)) == pytest.approx([0, 1 / 0.7])  # biases are dropped too


def test_inference_is_a_dense_layer_and_the_mean_of_training(layer):
    x = np.random.default_rng(0).normal(size=(1, 50)).astype("float32")
    outputs = layer(x).numpy()
    np.testing.assert_allclose(outputs, x @ layer.kernel + layer.bias, rtol=1e-4, atol=1e-5)
    samples = layer(np.tile(x, (500, 1)), training=True).numpy()
    # the paper's Gaussian: variance rate / (1 - rate) times the squares' sum
    variance = 0.3 / 0.7 * (x**2 @ layer.kernel.numpy() ** 2 + 1)
    np.testing.assert_allclose(samples.var(axis=0).mean(), variance.mean(), rtol=0.05)
    assert np.abs((samples.mean(axis=0) - outputs) / np.sqrt(variance / 500)).max() < 5


def test_is_declared_by_its_config(layer):
    copy = DropConnect.from_config(layer.get_config())
    assert (copy.units, copy.rate) == (400, 0.3)
    assert DropConnect(3, 0.5, use_bias=False)(np.ones((2, 4), "float32"), training=True).shape == (2, 3)
    with pytest.raises(ValueError, match="rate must be at least 0 and below 1, got 1"):
        DropConnect(3, 1)
