"""Least squares over batches against numpy's and scikit-learn's over all examples; networks of fixed features."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import keras_dl
from keras_dl import surgery
from keras_dl.learning.least_squares import fit_head, least_squares

GENERATOR = np.random.default_rng(0)


def in_batches(x, y, size=16):
    return ((x[start : start + size], y[start : start + size]) for start in range(0, len(x), size))


@pytest.mark.parametrize("features", [20, 300])
def test_it_is_the_solution_of_least_norm(features):
    x, y = GENERATOR.normal(size=(100, features)), GENERATOR.normal(size=(100, 3))
    found = least_squares(in_batches(x, y))
    expected = np.linalg.lstsq(x, y, rcond=None)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-10)
    if features > 100:
        np.testing.assert_allclose(x @ found, y, atol=1e-9)


@pytest.mark.parametrize("ridge", [1e-3, 10.0])
@pytest.mark.parametrize("features", [20, 300])
def test_with_a_ridge_it_is_scikit_learns(features, ridge):
    x, y = GENERATOR.normal(size=(100, features)), GENERATOR.normal(size=(100, 3))
    found = least_squares(in_batches(x, y), ridge)
    expected = Ridge(ridge, fit_intercept=False, solver="svd").fit(x, y).coef_.T
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_the_batches_do_not_matter_and_single_precision_is_summed_in_double():
    x = (1000 + GENERATOR.normal(size=(2000, 2))).astype("float32")
    y = x.astype("float64") @ np.array([[1.0], [-1.0]])
    for size in (7, 2000):
        np.testing.assert_allclose(least_squares(in_batches(x, y, size)), [[1], [-1]], rtol=1e-6)


def test_no_examples_are_refused():
    with pytest.raises(keras_dl.UsageError, match="there are no examples to fit"):
        least_squares([])


def test_equal_columns_share_their_weight():
    x = np.repeat(GENERATOR.normal(size=(50, 2)), 2, axis=1)
    found = least_squares([(x, x[:, :1] * 4)])
    np.testing.assert_allclose(found, [[2], [2], [0], [0]], atol=1e-7)


@pytest.mark.parametrize(
    ("name", "changes"),
    [("fixed_basis_model", {"functions": 3}), ("random_features", {"units": 50}), ("ntk_kernel", {})],
)
def test_the_last_layer_of_a_network_fits_and_nothing_else_moves(name, changes):
    keras.utils.set_random_seed(0)
    model = keras_dl.build(name, **changes, input_shape=(3,), classes=2)
    x = GENERATOR.uniform(-1, 1, (60, 3))
    y = np.stack([np.sin(3 * x[:, 0]) * x[:, 1], x[:, 2] ** 2], axis=1)
    fixed = {weight.path: weight.numpy() for weight in model.non_trainable_weights}
    features = np.asarray(surgery.embedding(model)(x))
    assert features.dtype == "float64"
    fit_head(model, in_batches(x, y))
    for weight in model.non_trainable_weights:
        np.testing.assert_array_equal(weight, fixed[weight.path])
    expected = features @ np.linalg.lstsq(features, y, rcond=None)[0]
    np.testing.assert_allclose(model(x), expected, atol=1e-5)
    assert np.mean((expected - y) ** 2) < 0.2 * np.mean(y**2), "the features say something"
