import numpy as np
import pytest
from short_run import short_run

from keras_dl import get_config
from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.recipes.neural_tangent_kernel import NeuralTangentKernel, empirical_kernel, limiting_kernel
from keras_dl.training.initialization import initialize


def test_short_run(tmp_path):
    recipe = NeuralTangentKernel(
        out=str(tmp_path), seeds=2, widths=(16, 1024), trained=(16, 128), examples=20, steps=20
    )
    results, claims = short_run(recipe)
    assert claims[0].held and claims[3].held
    assert results.mean("error", width=1024, part="initial") < results.mean("error", width=16, part="initial") / 3


def test_limiting_kernel_of_one_layer_is_its_expectation():
    """E[relu relu] and E[step step] over weights drawn from N(0, 2/n)."""
    x = np.random.default_rng(0).normal(size=(3, 4))
    z = x @ np.random.default_rng(1).normal(0, (2 / 4) ** 0.5, (4, 400_000))
    above = (z > 0).astype(float)
    expected = 2 * (z * above) @ (z * above).T + (2 / 4 * x @ x.T) * (2 * above @ above.T)
    np.testing.assert_allclose(limiting_kernel(x, 1), expected / z.shape[1], atol=0.03)


def test_each_layer_adds_the_size_of_the_input():
    x = np.random.default_rng(0).normal(size=(3, 4))
    for depth in (0, 1, 5):
        diagonal = np.diag(limiting_kernel(x, depth))
        np.testing.assert_allclose(diagonal, (depth + 1) * np.square(x).sum(axis=1) / 2)


def test_empirical_kernel_is_the_product_of_gradients():
    model = get_config("mlp", input_shape=(5,), hidden=(4,), depth=2, classes=1).build()
    initialize(model, "he", 0)
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    rows = []
    for example in x:
        with tf.GradientTape() as tape:
            output = model(example[None])[0, 0]
        kernels = [variable for variable in model.trainable_variables if len(variable.shape) > 1]
        gradients = tape.gradient(output, kernels)
        rows.append(np.concatenate([(2 / g.shape[0]) ** 0.5 * g.numpy().ravel() for g in gradients]))
    np.testing.assert_allclose(empirical_kernel(model, x), np.array(rows) @ np.array(rows).T, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("widths", (64,), "widths must be two or more growing numbers"),
        ("trained", (64, 64), "trained must be two or more growing numbers"),
        ("depth", 0, "depth must be at least 1, got 0"),
        ("steps", 0, "steps must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_run(option, value, words):
    with pytest.raises(UsageError, match=words):
        NeuralTangentKernel(**{option: value})
