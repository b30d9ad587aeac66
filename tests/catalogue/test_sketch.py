"""What a sketch says of a network is what the network itself says, without a layer being made twice."""

import pytest
from small_networks import SMALL

from keras_dl import get_config
from keras_dl.architectures.feedforward import mlp
from keras_dl.catalogue import sketch
from keras_dl.catalogue.describe import _describe_layer, describe, describe_model
from keras_dl.lazy import keras


def built(config):
    with keras.StatelessScope(initialize_variables=False):
        return [_describe_layer(layer) for layer in config.build().layers]


@pytest.mark.parametrize("config", SMALL, ids=SMALL.values())
def test_every_network_of_the_catalogue_is_sketched_exactly(config):
    if config.task in ("classification", "segmentation") and hasattr(config, "input_shape"):
        sketch.sketch(config, _describe_layer)
    with keras.StatelessScope(initialize_variables=False):
        assert describe(config) == describe_model(config.build())


def test_a_layer_is_made_once():
    seen = []
    config = get_config("mlp", hidden=(7,), depth=5, input_shape=(3,))

    def find(layer):
        seen.append(type(layer).__name__)

    sketch.sketch(config, find)
    assert seen.count("Dense") == 3, "into the first, between the next, into the head"
    seen.clear()
    assert len(sketch.sketch(config.replace(depth=9), find)) == len(sketch.sketch(config, find)) + 8
    assert seen == ["InputLayer"] * 2


def test_what_is_computed_in_is_part_of_what_is_known():
    config = get_config("mlp", hidden=(7,), input_shape=(3,))
    bytes_ = describe(config).activation_bytes
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert describe(config.replace(hidden=(7, 7))).activation_bytes < bytes_
    finally:
        keras.config.set_dtype_policy("float32")


def odd_builder(change):
    def build(config):
        inputs = keras.Input(config.input_shape, name="features")
        shared, dead = keras.layers.Dense(3, name="shared"), keras.layers.Dense(50, name="dead")
        x = shared(shared(inputs) * 2)
        dead(x)
        return keras.Model(inputs, change(shared, x))

    return build


def weights_of(layer, x):
    return keras.layers.Dense(layer.kernel.shape[0], name="head")(x)


def unhashable(_layer, x):
    return keras.layers.Dense(3, kernel_initializer=lambda shape, dtype, state={}: None, name="head")(x)


def own_model(_layer, x):
    inner = keras.src.layers.Dense(4, name="head")
    return inner(x)


@pytest.mark.parametrize("change", [lambda _layer, x: x, weights_of, unhashable, own_model])
def test_shared_layers_dead_ends_and_odd_ways_are_described_as_built(monkeypatch, change):
    monkeypatch.setattr(mlp, "build", odd_builder(change))
    config = get_config("mlp", hidden=(11,), input_shape=(3,))
    found = describe(config).layers
    describe.__globals__["_describe"].cache_clear()
    assert list(found) == built(config)
    assert [layer.multiply_adds for layer in found if layer.name == "shared"] == [18]
    assert "dead" not in {layer.name for layer in found}
