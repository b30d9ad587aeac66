"""At no loss the squared error is curved along as many directions as there are values, and J^T J says how."""

import numpy as np

from keras_dl import get_config
from keras_dl.analysis.flatness import curvatures_at_zero
from keras_dl.lazy import keras


def test_a_linear_network_has_the_curvatures_of_its_inputs():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(6, 9)).astype("float32")
    model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(1, use_bias=False)])
    found = curvatures_at_zero(model, x, generator.normal(size=(6, 1)).astype("float32"))
    expected = np.linalg.eigvalsh(2 / 6 * x.astype("float64") @ x.T.astype("float64"))[::-1]
    np.testing.assert_allclose(found[:6], expected, rtol=1e-8)
    np.testing.assert_allclose(found[6:], 0, atol=1e-12)


def test_a_wide_network_is_flat_in_all_but_as_many_directions_as_values():
    keras.utils.set_random_seed(0)
    model = get_config("mlp_1x8", input_shape=(3,), hidden=(12,)).build()
    before = model.get_weights()
    generator = np.random.default_rng(0)
    x, y = (generator.normal(size=(8, size)).astype("float32") for size in (3, 1))
    found = curvatures_at_zero(model, x, y)
    assert len(found) == model.count_params() == 61
    assert np.sum(found > 1e-6 * found[0]) == 8
    np.testing.assert_equal(model.get_weights(), before)
