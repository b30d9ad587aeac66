"""The theorem, carried out: 2n + d weights give n points any values."""

import numpy as np
import pytest

import keras_dl
from keras_dl.architectures.feedforward.memorizing_relu_net import solve
from keras_dl.data import Spec


def test_500_random_points_get_their_random_values():
    generator = np.random.default_rng(0)
    points, values = generator.normal(size=(500, 20)), generator.normal(size=500)
    model = keras_dl.build("memorizing_relu_net")
    assert model.count_params() == 2 * 500 + 20
    solve(model, points, values)
    outputs = np.asarray(model(points))
    assert outputs.dtype == "float64" and outputs.shape == (500, 1)
    assert np.abs(outputs[:, 0] - values).max() < 1e-3
    a, b, w = (weight.ravel() for weight in model.get_weights())
    by_formula = sum(w[j] * np.maximum(points @ a - b[j], 0) for j in range(500))
    np.testing.assert_allclose(outputs[:, 0], by_formula, atol=1e-5)


def test_what_cannot_be_memorised_is_refused():
    model = keras_dl.build("memorizing_relu_net", units=3, input_shape=(2,))
    with pytest.raises(keras_dl.UsageError, match="a network of 3 units memorises 3 points, got 2"):
        solve(model, np.eye(2), [0, 1])
    with pytest.raises(keras_dl.UsageError, match="two points are equal"):
        solve(model, [[0, 1], [2, 3], [0, 1]], [0, 1, 2])
    with pytest.raises(keras_dl.UsageError, match="classes must be 1, got 10; use mlp"):
        keras_dl.get_config("memorizing_relu_net", classes=10)


def test_it_takes_data_of_two_classes():
    spec = Spec.labelled(name="two", kind="features", shape=(5,), classes=2, class_names=("a", "b"))
    config = keras_dl.get_config("memorizing_relu_net").for_data(spec)
    assert (config.input_shape, config.classes) == ((5,), 1)
