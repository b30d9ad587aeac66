"""Penalties, bounds and noise of a training, against their definitions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_dl
from keras_dl import UsageError, layers
from keras_dl.learning.kernels import kernels
from keras_dl.training import Options
from keras_dl.training.loop import _changed
from keras_dl.training.objective import compile_model
from keras_dl.training.regularization import drop_inputs

X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
Y = np.arange(16) % 3


def step(network="mlp", x=X, y=Y, *, rate=0.5, **options):
    """The weights before and after a step of SGD on one batch, by path."""
    config = keras_dl.get_config(network, **({"hidden": (5,), "input_shape": (6,), "classes": 3}))
    keras.utils.set_random_seed(0)
    model = config.build()
    compile_model(model, config, Options(optimizer="sgd", learning_rate=rate, **options), 1)
    model.run_eagerly = True
    before = {variable.path: variable.numpy() for variable in model.weights}
    model.train_on_batch(x, y)
    return before, {variable.path: variable.numpy() for variable in model.weights}


def test_a_step_with_penalties_is_that_of_the_formula_and_biases_go_free():
    before, plain = step()
    for name, gradient in (("l2", lambda w: 2 * w), ("l1", np.sign)):
        _, after = step(**{name: 0.01})
        for path, weight in before.items():
            penalty = 0.5 * 0.01 * gradient(weight) if path.endswith("kernel") else 0
            np.testing.assert_allclose(after[path], plain[path] - penalty, atol=1e-6)


def test_max_norm_shortens_the_long_and_leaves_the_short():
    _, plain = step(rate=5.0)
    _, bounded = step(rate=5.0, max_norm=1.0)
    lengths = {path: np.linalg.norm(weight, axis=0) for path, weight in plain.items()}
    found = np.concatenate([length for path, length in lengths.items() if path.endswith("kernel")])
    assert found.min() < 1 < found.max()
    for path, weight in plain.items():
        if path.endswith("kernel"):
            np.testing.assert_allclose(bounded[path], weight * np.minimum(1, 1 / lengths[path]), rtol=1e-5)
            assert np.linalg.norm(bounded[path], axis=0).max() <= 1 + 1e-6
        else:
            np.testing.assert_array_equal(bounded[path], weight)


@pytest.mark.parametrize(
    ("layer", "shape", "units"),
    [
        (lambda: keras.layers.Dense(4), (6,), 4),
        (lambda: keras.layers.Conv2D(4, 3), (6, 6, 2), 4),
        (lambda: keras.layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 5), 10),
        (lambda: keras.layers.SeparableConv2D(4, 3, depth_multiplier=2), (6, 6, 5), 10 + 4),
        (lambda: keras.layers.Conv2DTranspose(4, 3), (6, 6, 2), 4),
        (lambda: layers.LocallyConnected2D(4, 3), (5, 5, 2), 3 * 3 * 4),
        (lambda: keras.layers.EinsumDense("abc,cde->abde", (3, 4, 2)), (3, 6), 4 * 2),
    ],
)
def test_the_weights_into_a_unit(layer, shape, units):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer()(inputs))
    found = list(kernels(model))
    assert sum(np.prod([n for axis, n in enumerate(v.shape) if axis not in axes]) for v, axes in found) == units
    assert sum(np.prod(v.shape) for v, _ in found) == sum(np.prod(v.shape) for v in model.weights if "kernel" in v.name)


def test_kernels_are_found_within_layers_and_nothing_else_is():
    model = keras_dl.build("vit_ti16", input_shape=(32, 32, 3), blocks=1)
    named = [v for v in model.weights if v.name.endswith("kernel")]
    assert {id(v) for v, _ in kernels(model)} == {id(v) for v in named}
    assert len(named) == 8  # patches; query, key, value, output; two of the perceptron; head


def test_input_dropout_keeps_the_mean_and_is_decided_by_its_key():
    x = tf.ones((8, 50, 50))
    key = tf.constant([3, 4], "int64")
    dropped = drop_inputs(x, key, 0.2).numpy()
    assert np.unique(dropped).tolist() == pytest.approx([0, 1.25])
    assert np.mean(dropped == 0) == pytest.approx(0.2, abs=0.02)
    np.testing.assert_array_equal(dropped, drop_inputs(x, key, 0.2))
    assert (dropped != drop_inputs(x, key + 1, 0.2).numpy()).any()
    assert any((dropped[0] != other).any() for other in dropped[1:])


def test_input_dropout_leaves_what_belongs_to_the_pictures():
    batch = {"image": tf.ones((8, 6, 6, 1)), "mask": tf.ones((8, 6, 6))}
    changed = _changed(None, Options(input_dropout=0.5), "image")(batch, tf.constant([3, 4], "int64"))
    assert {*np.unique(changed["image"])} == {0, 2}
    assert changed["mask"] is batch["mask"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("l1", -1.0, "l1 must be at least 0 and finite, got -1.0"),
        ("l2", float("inf"), "l2 must be at least 0 and finite, got inf"),
        ("max_norm", 0.0, "max_norm must be above 0 and finite, got 0.0"),
        ("label_smoothing", 1.0, "label_smoothing must be at least 0 and below 1, got 1.0"),
        ("input_dropout", -0.1, "input_dropout must be at least 0 and below 1, got -0.1"),
    ],
)
def test_options_that_cannot_regularize(option, value, words):
    with pytest.raises(UsageError, match=words):
        Options(**{option: value})
