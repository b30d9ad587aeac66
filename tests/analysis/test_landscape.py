"""Directions are as long as the weights, filter by filter, and slices of the loss go through where the weights are."""

import numpy as np
import pytest

from keras_dl import get_config
from keras_dl.analysis.landscape import (
    Landscape,
    curvatures,
    hessian,
    in_float64,
    jacobian,
    random_direction,
    settle_statistics,
)
from keras_dl.lazy import keras

SMALL_RESNET = {"input_shape": (8, 8, 1), "blocks": 1, "filters": 4, "classes": 3}


def test_every_filter_is_as_long_as_that_of_the_weights():
    model = get_config("resnet20", **SMALL_RESNET).build()
    direction = random_direction(model, seed=0)
    kernels = 0
    for variable, move in zip(model.trainable_variables, direction, strict=True):
        assert move.shape == variable.shape and move.dtype == "float32"
        if variable.name == "kernel":
            filters = [np.moveaxis(array, -1, 0).reshape(array.shape[-1], -1) for array in (variable.numpy(), move)]
            lengths = [np.linalg.norm(array, axis=1) for array in filters]
            np.testing.assert_allclose(lengths[1], lengths[0], rtol=1e-5)
            assert np.abs(filters[1] - filters[0]).max() > 0.1
            kernels += 1
        else:
            assert not move.any(), f"{variable.path} moves"
    assert kernels == 10
    np.testing.assert_array_equal(random_direction(model, seed=0)[0], direction[0])
    assert (random_direction(model, seed=1)[0] != direction[0]).any()


def test_without_filters_the_whole_direction_is_as_long_as_all_kernels():
    model = get_config("vanilla_nn").build()
    direction = random_direction(model, seed=0, filterwise=False)
    kernels = [layer.kernel.numpy().ravel() for layer in model.layers if layer.weights]
    length = np.linalg.norm(np.concatenate(kernels))
    assert np.linalg.norm(np.concatenate([move.ravel() for move in direction])) == pytest.approx(length, rel=1e-5)


def test_the_losses_are_those_of_the_moved_network():
    model = get_config("resnet20", **SMALL_RESNET).build()
    generator = np.random.default_rng(0)
    x, y = generator.uniform(0, 255, (6, 8, 8, 1)).astype("float32"), np.arange(6) % 3
    settle_statistics(model, x)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    directions = [random_direction(model, seed) for seed in (0, 1)]
    places = np.array([[0, 0], [0.5, -0.25]])
    start = model.get_weights()
    found = Landscape(model, loss).losses(x, y, directions, places)
    assert all((old == new).all() for old, new in zip(start, model.get_weights(), strict=True))
    for place, value in zip(places, found, strict=True):
        model.set_weights(start)
        for variable, *moves in zip(model.trainable_variables, *directions, strict=True):
            variable.assign(variable.numpy() + sum(a * move for a, move in zip(place, moves, strict=True)))
        assert value == pytest.approx(float(loss(y, model(x, training=False))), rel=1e-4)
    assert abs(found[1] - found[0]) > 1e-3


def test_curvatures_are_those_of_a_saddle():
    side = np.linspace(-1, 1, 9)
    a, b = np.meshgrid(side, side, indexing="ij")
    found = curvatures(3 * a**2 - 2 * b**2 + 4 * a * b, side[1] - side[0])
    assert found.shape == (7, 7, 2)
    expected = np.linalg.eigvalsh([[6, 4], [4, -4]])
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-9)


def test_the_hessian_at_no_loss_is_that_of_the_jacobian():
    model = in_float64(get_config("mlp_1x2", activation="tanh").build())
    assert {variable.dtype for variable in model.variables} == {"float64"}
    x = np.random.default_rng(0).normal(size=(5, 2))
    y = model(x)
    outputs, derivatives = jacobian(model, x)
    np.testing.assert_allclose(outputs, y[:, 0])
    kernel, bias, head, _ = model.get_weights()
    hidden = np.tanh(x @ kernel + bias)
    slopes = (1 - hidden**2) * head[:, 0]
    inputs = (x[:, :, None] * slopes[:, None]).reshape(5, -1)
    np.testing.assert_allclose(derivatives, np.hstack([inputs, slopes, hidden, np.ones((5, 1))]), atol=1e-12)
    found = hessian(model, lambda y, outputs: keras.ops.mean((y - outputs) ** 2), x, y)
    np.testing.assert_allclose(found, 2 / 5 * derivatives.T @ derivatives, atol=1e-12)


def test_settled_statistics_are_those_of_the_batch():
    model = get_config("resnet20", **SMALL_RESNET).build()
    x = np.random.default_rng(0).uniform(0, 255, (6, 8, 8, 1)).astype("float32")
    settle_statistics(model, x)
    settled = model(x, training=False)
    momenta = [layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert momenta == 7 * [0.99]
    np.testing.assert_allclose(settled, model(x, training=True), rtol=1e-3, atol=1e-4)
