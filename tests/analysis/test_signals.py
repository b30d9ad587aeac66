"""Activations and gradients of a network are those of the same network in plain numpy."""

import numpy as np
import pytest

import keras_dl
from keras_dl.analysis.signals import layer_outputs, weight_gradients
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.objective import compile_model


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    config = keras_dl.get_config("mlp", input_shape=(5,), classes=3, hidden=(4, 3), activation="tanh", dropout=0.5)
    model = config.build()
    compile_model(model, config, Options(optimizer="sgd"), 1)
    return model


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(7, 5)).astype("float32")


def test_outputs_are_those_of_the_layers(model, x):
    outputs = layer_outputs(model, x, "*_activation")
    assert list(outputs) == ["stage1_activation", "stage2_activation"]
    for name, output in outputs.items():
        kernel, bias = model.get_layer(name.replace("activation", "dense")).get_weights()
        np.testing.assert_allclose(output, x := np.tanh(x @ kernel + bias), atol=1e-6)


def test_outputs_in_training_mode_are_dropped_out(model, x):
    assert not (layer_outputs(model, x, "stage1_dropout")["stage1_dropout"] == 0).any()
    assert (layer_outputs(model, x, "stage1_dropout", training=True)["stage1_dropout"] == 0).any()


def test_gradients_are_those_of_the_mean_cross_entropy(x):
    config = keras_dl.get_config("linear_softmax", input_shape=(5,), classes=3)
    model, labels = config.build(), np.array([0, 1, 2, 0, 1, 2, 0])
    compile_model(model, config, Options(optimizer="sgd"), 1)
    logits = model(x).numpy()
    errors = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[labels]
    gradients = weight_gradients(model, x, labels)
    assert list(gradients) == ["head/kernel", "head/bias"]
    np.testing.assert_allclose(gradients["head/kernel"], x.T @ errors / 7, atol=1e-6)
    np.testing.assert_allclose(gradients["head/bias"], errors.mean(axis=0), atol=1e-6)
    assert list(weight_gradients(model, x, labels, "*/bias")) == ["head/bias"]


def test_patterns_that_match_nothing(model, x):
    with pytest.raises(keras_dl.UsageError, match="no layer of mlp matches 'block'"):
        layer_outputs(model, x, "block")
    with pytest.raises(keras_dl.UsageError, match="no weight of mlp that learns matches 'block'"):
        weight_gradients(model, x, np.zeros(7, int), "block")
