"""Products of fixed functions of each input, against numpy's own polynomials and the formulas of the others."""

import itertools

import keras
import numpy as np
import pytest

from keras_dl.layers import GridBasis

X = np.random.default_rng(0).uniform(2, 6, (7, 3))
U = (X - 2) / 2 - 1
"""the same in -1..1"""


def rbf(u, place, count):
    distance = 2 / (count - 1)
    return np.exp(-(((u - (-1 + place * distance)) / distance) ** 2) / 2)


def polynomial(u, place, count):
    return np.polynomial.legendre.Legendre.basis(place)(u)


def fourier(u, place, count):
    wave = np.cos if place % 2 or place == 0 else np.sin
    return wave(np.pi * ((place + 1) // 2) * u)


@pytest.mark.parametrize("kind", [rbf, polynomial, fourier])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_every_product_is_there(kind, count):
    found = GridBasis(kind.__name__, count, (2.0, 6.0), dtype="float64")(X)
    places = itertools.product(range(count), repeat=3)
    expected = [np.prod([kind(U[:, axis], place, count) for axis, place in enumerate(one)], axis=0) for one in places]
    np.testing.assert_allclose(found, np.transpose(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["polynomial", "fourier"])
def test_the_functions_of_one_input_are_orthogonal(kind):
    points, weights = np.polynomial.legendre.leggauss(200)
    values = GridBasis(kind, 6, dtype="float64")(points[:, None]).numpy()
    products = values.T @ (weights[:, None] * values)
    np.testing.assert_allclose(products - np.diag(np.diag(products)), 0, atol=1e-12)
    assert (np.diag(products) > 0.1).all()


def test_one_function_of_each_input_is_the_middle_one():
    np.testing.assert_array_equal(GridBasis("fourier", 1)(X), np.ones((7, 1)))
    np.testing.assert_array_equal(GridBasis("polynomial", 1)(X), np.ones((7, 1)))
    middle = np.exp(-np.sum((U / 2) ** 2, axis=1) / 2)
    np.testing.assert_allclose(GridBasis("rbf", 1, (2.0, 6.0))(X)[:, 0], middle, rtol=1e-5)


def test_it_survives_a_file(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, GridBasis("rbf", 3, (2.0, 6.0), name="basis")(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(X), model(X))
    assert loaded.output_shape == (None, 27) and not loaded.weights


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="rbf, polynomial, fourier, got 'wavelet'"):
        GridBasis("wavelet", 3)
