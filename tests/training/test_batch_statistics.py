"""After a few steps a network validates about as well as it trains: batch normalisation uses statistics that fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_networks import FAMILIES

import keras_dl
from keras_dl.data import Data, Spec, Split
from keras_dl.training import Options, build, fit
from keras_dl.training.batch_statistics import BatchStatistics
from keras_dl.training.epochs import Epochs
from keras_dl.training.inference_weights import InferenceWeights
from keras_dl.training.objective import compile_model

COUNTS = {"train": 160, "validation": 60, "test": 60}
SIZE = 32


def by_brightness(size=8, channels=1):
    """Pictures of three classes that differ in brightness alone."""
    generator = np.random.default_rng(0)
    splits = {}
    for name, count in COUNTS.items():
        labels = generator.integers(0, 3, count)
        noise = generator.normal(0, 20, (count, size, size, channels))
        pictures = (noise + 60 * labels[:, None, None, None] + 60).clip(0, 255)
        splits[name] = Split.of(pictures.astype("uint8"), labels, classes=3)
    shape = (size, size, channels)
    spec = Spec.labelled(name="grays", kind="image", shape=shape, classes=3, class_names=("a", "b", "c"), counts=COUNTS)
    return Data(spec=spec, **splits)


@pytest.fixture(scope="module")
def grays():
    return by_brightness()


def train(data, folder, network="resnet20", *, changes=None, **options):
    config = keras_dl.get_config(network, **{"filters": 4, "blocks": 1} if changes is None else changes)
    config = config.for_data(data.spec)
    options = Options(**{"epochs": 8, "batch_size": 32, **options})
    model = build(config, options)
    return model, fit(model, config, data, options, folder, verbose=0)


def accuracy(model, split):
    return np.mean(model.predict(split.inputs(), verbose=0).argmax(axis=-1) == split.labels)


def test_the_estimate_is_that_of_all_examples_together():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5), keras.layers.BatchNormalization()])
    x = np.random.default_rng(0).normal(5, 2, (10, 3)).astype("float32")
    statistics = BatchStatistics(keras.Model(model.inputs, model.layers[-1](model.inputs[0])))
    (layer,) = statistics.young(0)
    statistics.estimate([layer], tf.data.Dataset.from_tensor_slices((x, x)).batch(4))
    np.testing.assert_allclose(layer.moving_mean, x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, x.var(axis=0), rtol=1e-5)
    assert layer.momentum == 0.99


def test_a_shared_layer_gets_the_statistics_of_all_its_calls():
    x = np.random.default_rng(0).normal(5, 2, (10, 3)).astype("float32")
    inputs, layer = keras.Input((3,)), keras.layers.BatchNormalization()
    statistics = BatchStatistics(keras.Model(inputs, layer(inputs) + layer(3 * inputs)))
    statistics.estimate([layer], tf.data.Dataset.from_tensor_slices((x, x)).batch(4))
    both = np.concatenate([x, 3 * x])
    np.testing.assert_allclose(layer.moving_mean, both.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, both.var(axis=0), rtol=1e-5)


def test_nothing_else_of_the_network_changes():
    layers = [keras.layers.Dense(4), keras.layers.Dropout(0.5, seed=1), keras.layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((3,)), *layers])
    before = [variable.numpy().copy() for variable in model.variables]
    statistics = BatchStatistics(model)
    statistics.estimate(statistics.young(0), [(np.ones((2, 3), "float32"), None)])
    changed = [
        variable.path.rpartition("/")[2]
        for variable, value in zip(model.variables, before, strict=True)
        if not np.array_equal(variable, value)
    ]
    assert changed == ["moving_mean", "moving_variance"]


def test_old_averages_and_frozen_layers_stay_as_they_are():
    layers = [keras.layers.BatchNormalization(momentum=momentum, name=str(momentum)) for momentum in (0.9, 0.99, 0.999)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    layers[2].trainable = False
    statistics = BatchStatistics(model)
    young = {steps: [layer.name for layer in statistics.young(steps)] for steps in (50, 101, 1001)}
    assert young == {50: ["0.9", "0.99"], 101: ["0.99"], 1001: []}


def test_forty_steps_are_enough_to_validate(grays, tmp_path):
    model, rows = train(grays, tmp_path)
    assert rows[-1]["accuracy"] > 0.98 and rows[-1]["val_accuracy"] > 0.98
    assert accuracy(model, grays.validation) == pytest.approx(rows[-1]["val_accuracy"])


@pytest.mark.parametrize("options", [{"patience": 2}, {"ema_momentum": 0.9}, {"gradient_accumulation_steps": 3}])
def test_the_model_has_the_weights_that_were_measured(grays, tmp_path, options):
    model, rows = train(grays, tmp_path, learning_rate=0.02, **options)
    best = keras_dl.training.kept_row(rows, Options(epochs=8, **options))
    measured = model.evaluate(grays.validation.batches(32), verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(best["val_loss"], rel=1e-5, abs=1e-6)
    assert best["val_accuracy"] > 0.9


@pytest.mark.parametrize("extra", [{}, {"ema_momentum": 0.5}, {"gradient_accumulation_steps": 2}])
def test_what_validation_used_is_taken_out_again(grays, extra):
    config = keras_dl.get_config("mlp", hidden=(4,), normalization="batch").for_data(grays.spec)
    options = Options(epochs=1, batch_size=32, **extra)
    model = build(config, options)
    compile_model(model, config, options, 5)
    batches = Epochs(grays.train, options)
    model.fit(batches.begin(0), steps_per_epoch=5, verbose=0)
    weights = InferenceWeights(model, options, batches)
    before = [variable.numpy().copy() for variable in (*model.variables, *model.optimizer.variables)]
    weights.on_epoch_begin(0)
    weights.on_test_begin()
    used = [variable.numpy().copy() for variable in (*model.variables, *model.optimizer.variables)]
    weights.on_epoch_end(0)
    after = [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]
    assert not all(map(np.array_equal, before, used))
    assert all(map(np.array_equal, before, after))


def test_a_resumed_young_training_ends_in_the_same_bits(grays, tmp_path):
    whole, rows = train(grays, tmp_path / "whole", epochs=4)
    train(grays, tmp_path / "cut", epochs=2)
    cut, again = train(grays, tmp_path / "cut", epochs=4)
    assert [row["val_loss"] for row in again] == [row["val_loss"] for row in rows]
    for ours, theirs in zip(cut.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "momentum"), [("nakkiran_cnn5", 0.9), ("resnet_cifar", 0.99), ("mobilenet_v2", 0.999)]
)
def test_networks_of_each_momentum_validate_about_as_they_train(family, momentum, tmp_path):
    config = FAMILIES[family]
    height, _, channels = config.input_shape
    data = by_brightness(height, channels)
    config = config.replace(classes=3)
    options = Options(epochs=8, batch_size=32, learning_rate=3e-3)
    model = build(config, options)
    assert {layer.momentum for layer in model.layers if hasattr(layer, "moving_mean")} == {momentum}
    fit(model, config, data, options, tmp_path, verbose=0)
    inputs, labels = data.validation.inputs(), data.validation.labels
    by_batch = np.mean(keras.ops.convert_to_numpy(model(inputs, training=True)).argmax(axis=-1) == labels)
    assert accuracy(model, data.validation) > by_batch - 0.1
