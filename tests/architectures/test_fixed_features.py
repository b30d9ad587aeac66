"""Linear models of fixed features: their sizes, their features, what they follow and refuse."""

import numpy as np
import pytest

import keras_dl
from keras_dl.data.spec import Spec
from keras_dl.learning.least_squares import fit_head
from keras_dl.recipes.neural_tangent_kernel import limiting_kernel

NAMES = ("fixed_basis_model", "random_features", "ntk_kernel")
GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "changes", "trained", "all_of_them"),
    [
        ("fixed_basis_model", {}, 100, 100),
        ("fixed_basis_model", {"input_shape": (3,), "functions": 7, "classes": 2}, 2 * 7**3, 2 * 7**3),
        ("random_features", {}, 1000 * 10, 1000 * (784 + 10)),
        ("ntk_kernel", {}, 1000 * 10, 1000 * (784 + 10)),
        ("ntk_kernel", {"examples": 12, "input_shape": (5,), "classes": 1}, 12, 12 * 6),
    ],
)
def test_one_number_a_feature_and_output_is_trained(name, changes, trained, all_of_them):
    described = keras_dl.describe(name, **changes)
    assert (described.trainable_parameters, described.parameters) == (trained, all_of_them)
    assert described.multiply_adds == all_of_them


def test_random_features_are_rectified_directions():
    model = keras_dl.build("random_features", input_shape=(4, 3), units=2000, classes=2, input_scale=0.5)
    x = GENERATOR.normal(size=(5, 4, 3))
    directions, head = (model.get_layer(name).kernel.numpy() for name in ("stage1", "head"))
    expected = np.maximum(x.reshape(5, 12) * 0.5 @ directions, 0) @ head
    np.testing.assert_allclose(model(x), expected, rtol=1e-10)
    assert directions.std() == pytest.approx(1 / np.sqrt(12), rel=0.02)
    assert [weight.path for weight in model.trainable_weights] == ["head/kernel"]


def test_regression_with_the_tangent_kernel_is_that_of_its_formula():
    x, y, unseen = GENERATOR.normal(size=(40, 6)), GENERATOR.normal(size=(40, 2)), GENERATOR.normal(size=(9, 6))
    model = keras_dl.build("ntk_kernel", input_shape=(6,), examples=40, classes=2, hidden_layers=3)
    model.get_layer("stage1").remember(x)
    fit_head(model, [(x, y)])
    kernel = limiting_kernel(np.concatenate([x, unseen]), 3)
    expected = kernel[40:, :40] @ np.linalg.solve(kernel[:40, :40], y)
    np.testing.assert_allclose(model(unseen), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model(x), y, atol=1e-7)


def test_a_grid_of_functions_is_exact_for_what_it_contains():
    model = keras_dl.build("fixed_basis_model", basis="polynomial", functions=4, domain=(0.0, 10.0))
    x, unseen = (GENERATOR.uniform(0, 10, (n, 2)) for n in (40, 15))

    def cubic(x):
        return x[:, :1] ** 3 - 2 * x[:, :1] * x[:, 1:] ** 2 + 5

    fit_head(model, [(x, cubic(x))])
    np.testing.assert_allclose(model(unseen), cubic(unseen), rtol=1e-7, atol=1e-6)


def test_they_follow_their_data():
    pictures = Spec.labelled(name="some", kind="image", shape=(4, 4, 1), classes=3, counts={"train": 70})
    features = keras_dl.get_config("random_features").for_data(pictures)
    assert (features.input_shape, features.classes, features.input_scale) == ((4, 4, 1), 3, 1 / 255)
    kernel = keras_dl.get_config("ntk_kernel").for_data(pictures)
    assert (kernel.input_shape, kernel.classes, kernel.examples, kernel.input_scale) == ((4, 4, 1), 3, 70, 1 / 255)
    table = Spec.labelled(name="some", kind="features", shape=(3,), classes=2)
    assert keras_dl.get_config("fixed_basis_model").for_data(table).input_shape == (3,)
    assert keras_dl.get_config("ntk_kernel").for_data(table).examples == 1000
    texts = Spec.labelled(name="some", kind="text", shape=(), classes=2)
    for name in NAMES:
        with pytest.raises(keras_dl.UsageError, match="takes numbers, some is text"):
            keras_dl.get_config(name).for_data(texts)


def test_what_cannot_be_built_is_refused():
    pictures = Spec.labelled(name="some", kind="image", shape=(8, 8, 1), classes=3)
    with pytest.raises(keras_dl.UsageError, match=r"each of 64 inputs has 10\^64 functions; at most 1,0"):
        keras_dl.get_config("fixed_basis_model").for_data(pictures)
    with pytest.raises(keras_dl.UsageError, match="two growing numbers, got"):
        keras_dl.get_config("fixed_basis_model", domain=(1.0, 1.0))
    with pytest.raises(keras_dl.UsageError, match="hidden_layers must be at least 1, got 0"):
        keras_dl.get_config("ntk_kernel", hidden_layers=0)
