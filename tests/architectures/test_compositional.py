"""Trees of nodes compute what their formula says, under the same weights."""

import math

import numpy as np
import pytest

import keras_dl
from keras_dl.data import Spec


def gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


@pytest.mark.parametrize(("fan_in", "shape"), [(2, (8,)), (2, (2, 2)), (3, (9,)), (8, (8,)), (2, (2,))])
def test_outputs_are_those_of_the_formula(fan_in, shape):
    config = keras_dl.get_config("poggio_tree", input_shape=shape, fan_in=fan_in, units=3)
    model = config.build()
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(generator.normal(size=weight.shape))
    inputs = generator.normal(size=(5, *shape))
    x = inputs.reshape(5, -1)
    for level in range(1, config.levels + 1):
        v, t = model.get_layer(f"stage{level}_units").get_weights()
        (a,) = model.get_layer("head" if level == config.levels else f"stage{level}_sums").get_weights()
        fields = np.split(x, len(a), axis=1)
        x = np.stack([gelu(fields[i] @ v[i, 0].T + t[i, 0]) @ a[i] for i in range(len(a))], axis=1)
    np.testing.assert_allclose(model(inputs.astype("float32")), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("units", [5, 10, 20])
def test_counts_are_those_of_the_authors(units):
    tree = keras_dl.describe("poggio_tree", units=units)
    shallow = keras_dl.describe("poggio_shallow", units=7 * units)
    assert tree.parameters == 4 * units * 7
    assert shallow.parameters == 7 * units * 10
    assert tree.multiply_adds == 3 * units * 7
    assert shallow.multiply_adds == 7 * units * 9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_shape": (6,)}, "a tree of nodes of 2 needs a power of that as inputs, got 6"),
        ({"fan_in": 1}, "fan_in must be at least 2, got 1"),
        ({"classes": 10}, "classes must be 1, got 10; use mlp"),
        ({"input_shape": (0,)}, "input_shape must be at least 1, got 0"),
        ({"units": 0}, "units must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, words):
    with pytest.raises(keras_dl.UsageError, match=words):
        keras_dl.get_config("poggio_tree", **changes)


def test_it_takes_data_of_two_classes():
    spec = Spec.labelled(name="two", kind="features", shape=(16,), classes=2, class_names=("a", "b"))
    config = keras_dl.get_config("poggio_tree").for_data(spec)
    assert (config.input_shape, config.levels) == ((16,), 4)
