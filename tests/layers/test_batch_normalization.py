"""Batch normalisation: that of Keras by its definition (Ioffe & Szegedy 2015), and ours, which equals it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config

from keras_dl import layers

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


MAPS = np.random.default_rng(2).normal(3, 2, size=(8, 6, 5, 4)).astype("float32")
SETTINGS = [{}, {"scale": False, "epsilon": 1e-5}, {"center": False, "momentum": 0.9}]


def stepped(kind, settings, maps=MAPS, dtype="float32"):
    """What a layer of `kind` gives in training and then at inference, its weights, and gradients of its input."""
    layer = kind(beta_initializer="random_normal", dtype=dtype, **settings)
    layer.build(maps.shape)
    layer.set_weights([np.linspace(0.5, 2, len(weight), dtype="float32") for weight in layer.get_weights()])
    x = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
        loss = tf.reduce_sum(tf.cast(outputs, "float32") ** 3)
    gradients = tape.gradient(loss, [x, *(weight.value for weight in layer.trainable_weights)])
    return [outputs, layer(x, training=False), *layer.get_weights(), *gradients]


@pytest.fixture(params=[False, True], ids=["fastest", "deterministic"])
def deterministic(request, monkeypatch):
    monkeypatch.setattr(config, "is_op_determinism_enabled", lambda: request.param)
    return request.param


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_fused_form_is_that_of_keras(settings, deterministic):
    for ours, theirs in zip(
        stepped(layers.BatchNormalization, settings), stepped(keras.layers.BatchNormalization, settings), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_other_precisions_give_their_own_type(dtype):
    ours, theirs = (
        stepped(kind, {}, dtype=dtype)[0] for kind in (layers.BatchNormalization, keras.layers.BatchNormalization)
    )
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(tf.cast(ours, "float32"), tf.cast(theirs, "float32"), rtol=0.02, atol=0.02)


def test_a_single_value_has_no_variance():
    outputs, _, _, _, mean, variance, *_ = stepped(layers.BatchNormalization, {}, MAPS[:1, :1, :1])
    assert np.isfinite(outputs).all()
    np.testing.assert_allclose(mean, 0.99 * np.linspace(0.5, 2, 4) + 0.01 * MAPS[0, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(variance, 0.99 * np.linspace(0.5, 2, 4), rtol=1e-5)


@pytest.mark.parametrize("shape", [(8, 5), (8, 6, 5), (2, 3, 3, 3, 2)])
def test_other_shapes_are_those_of_keras(shape):
    x = np.random.default_rng(3).normal(size=shape).astype("float32")
    ours, theirs = (kind()(x, training=True) for kind in (layers.BatchNormalization, keras.layers.BatchNormalization))
    np.testing.assert_array_equal(ours, theirs)


def test_a_frozen_layer_keeps_its_statistics():
    layer = layers.BatchNormalization(trainable=False)
    np.testing.assert_allclose(layer(MAPS, training=True), MAPS / np.sqrt(1 + 1e-3), rtol=1e-5)
    assert not layer.moving_mean.numpy().any()


@pytest.mark.parametrize("training", [True, False])
def test_one_operation_of_the_graph_where_its_gradient_may_run(training, deterministic):
    layer = layers.BatchNormalization()
    layer.build(MAPS.shape)
    graph = tf.function(lambda x: layer(x, training=training)).get_concrete_function(tf.constant(MAPS)).graph
    kinds = [operation.type for operation in graph.get_operations()]
    fused = training or not deterministic
    assert ("FusedBatchNormV3" in kinds, "Rsqrt" in kinds) == (fused, not fused)
