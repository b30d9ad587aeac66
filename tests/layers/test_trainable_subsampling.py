import numpy as np

from keras_dl.layers import TrainableSubsampling2D, scaled_tanh


def test_each_unit_is_a_squashed_gain_times_sum_plus_bias():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(2, 7, 4, 3)).astype("float32")
    layer = TrainableSubsampling2D(activation=scaled_tanh)
    layer.build(x.shape)
    gain, bias = generator.normal(size=(2, 3))
    layer.set_weights([gain, bias])
    expected = np.zeros((2, 3, 2, 3))
    for image, row, column, unit in np.ndindex(expected.shape):
        total = x[image, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2, unit].sum()
        expected[image, row, column, unit] = 1.7159 * np.tanh(2 / 3 * (gain[unit] * total + bias[unit]))
    assert layer.compute_output_shape(x.shape) == expected.shape
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-6)
    assert layer.links((3, 2, 3)) == 18 * 5


def test_it_starts_as_an_average():
    x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    np.testing.assert_allclose(np.ravel(TrainableSubsampling2D()(x)), [2.5, 4.5, 10.5, 12.5])
