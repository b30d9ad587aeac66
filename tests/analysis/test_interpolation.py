"""Exact fits: least squares below the threshold, least norm above it, principal axes for autoencoders."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from keras_dl.analysis.interpolation import linear_autoencoders, polynomials, random_features


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_low_degrees_are_ordinary_least_squares(generator):
    x, unseen = generator.uniform(-1, 1, 20), np.linspace(-1, 1, 50)
    y = np.sin(3 * x)
    seen, beyond, _ = polynomials(x, y, unseen, (1, 5))
    for row, degree in enumerate((1, 5)):
        expected = np.polynomial.Polynomial.fit(x, y, degree)
        np.testing.assert_allclose(seen[row], expected(x), atol=1e-10)
        np.testing.assert_allclose(beyond[row], expected(unseen), atol=1e-10)


def test_high_degrees_meet_every_point_with_least_norm(generator):
    x, y = np.linspace(-0.9, 0.9, 8), generator.normal(size=8)
    seen, _, norms = polynomials(x, y, x, (7, 9, 40))
    np.testing.assert_allclose(seen, np.tile(y, (3, 1)), atol=1e-9)
    basis = np.polynomial.legendre.legvander(x, 40)
    least = np.sqrt(y @ np.linalg.solve(basis @ basis.T, y))
    assert norms[-1] == pytest.approx(least)
    assert (np.diff(norms) < 0).all()


def test_random_features_fit_all_from_the_threshold_on(generator):
    x, y = generator.normal(size=(30, 6)), generator.normal(size=(30, 2))
    seen, beyond = random_features(x, y, x[:4], (10, 30, 90), seed=1)
    assert np.mean((seen[0] - y) ** 2) > 0.1
    np.testing.assert_allclose(seen[1:], [y, y], atol=1e-8)
    np.testing.assert_allclose(beyond, seen[:, :4], atol=1e-8)
    assert not np.allclose(random_features(x, y, x[:4], (10,), seed=2)[0][0], seen[0])


def test_linear_autoencoders_are_principal_components(generator):
    x, unseen = generator.normal(size=(12, 20)), generator.normal(size=(5, 20))
    train, test = linear_autoencoders(x, unseen, (3, 11, 20))
    pca = PCA(3).fit(x)
    for found, data in ((train, x), (test, unseen)):
        restored = pca.inverse_transform(pca.transform(data))
        assert found[0] == pytest.approx(np.mean((data - restored) ** 2))
    assert train[1] < 1e-20
    assert test[1] == pytest.approx(test[2])
