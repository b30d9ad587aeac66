"""LocallyConnected2D and LeCunConv2D against loops over every unit."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_dl.layers import LeCunConv2D, LocallyConnected2D, scaled_tanh

LAYERS = {
    "local": lambda **options: LocallyConnected2D(3, 3, **options),
    "unit bias": lambda **options: LeCunConv2D(3, 3, **options),
    "map bias": lambda **options: LeCunConv2D(3, 3, bias="map", **options),
    "table": lambda **options: LeCunConv2D(3, 3, table=[[0], [0, 1], [1]], **options),
}
GEOMETRIES = {
    "plain": {},
    "strided": {"strides": 2},
    "background": {"strides": 2, "padding": 2, "padding_value": -1.0, "activation": scaled_tanh},
}
every_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())


def built(layer, shape=(4, 7, 6, 2), seed=0):
    """`layer` with random weights, and a random input."""
    generator = np.random.default_rng(seed)
    layer.build((None, *shape[1:]))
    layer.set_weights([generator.normal(size=weight.shape) for weight in layer.weights])
    return layer, generator.normal(size=shape).astype("float32")


def by_loops(layer, x):
    """Each unit of `layer` by itself, as the papers define it: a bias plus the products over its own field."""
    kernel, bias = layer.get_weights()
    size, step, border = layer.kernel_size, layer.strides, layer.padding
    batch, height, width, channels = x.shape
    rows = (height + 2 * border - size) // step + 1
    columns = (width + 2 * border - size) // step + 1
    y = np.zeros((batch, rows, columns, layer.filters))
    links = 0
    for row, column, unit in np.ndindex(rows, columns, layer.filters):
        y[:, row, column, unit] += bias[unit] if bias.ndim == 1 else bias[row, column, unit]
        links += 1
        connection = 0
        for map_, sees in enumerate(getattr(layer, "table", None) or [range(channels)] * layer.filters):
            for channel in sees:
                for i, j in np.ndindex(size, size):
                    if map_ != unit:
                        continue
                    if isinstance(layer, LocallyConnected2D):
                        weight = kernel[row, column, unit, (i * size + j) * channels + channel]
                    else:
                        weight = kernel[i, j, connection] if layer.table else kernel[i, j, channel, unit]
                    a, b = step * row + i - border, step * column + j - border
                    inside = 0 <= a < height and 0 <= b < width
                    y[:, row, column, unit] += weight * (x[:, a, b, channel] if inside else layer.padding_value)
                    links += 1
                connection += 1
    return np.asarray(layer.activation(y)), links


@every_layer
@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES.keys())
def test_outputs_and_links_are_those_of_the_definition(make, geometry):
    layer, x = built(make(**geometry))
    expected, links = by_loops(layer, x)
    outputs = layer(x)
    assert outputs.shape == layer.compute_output_shape(x.shape) == expected.shape
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    assert layer.links(expected.shape[1:]) == links
    assert layer.multiply_adds(expected.shape[1:]) == links - expected[0].size


@every_layer
def test_config_rebuilds_the_layer(make):
    layer, x = built(make(**GEOMETRIES["background"]))
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    twin = keras.saving.deserialize_keras_object(config)
    twin(x)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(x), layer(x))


@every_layer
def test_xla_and_gradients(make):
    layer, x = built(make(padding=1))

    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x)))
        return tape.gradient(loss, [x, *layer.trainable_variables])

    plain = tf.function(step)(tf.constant(x))
    compiled = tf.function(step, jit_compile=True)(tf.constant(x))
    for ours, theirs in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
        assert np.all(np.any(np.reshape(ours, (-1, ours.shape[-1])) != 0, axis=0))
    position = (1, 3, 2, 1)
    nudged = x.copy()
    nudged[position] += 1e-2
    difference = tf.reduce_sum(tf.square(layer(nudged))) - tf.reduce_sum(tf.square(layer(x)))
    np.testing.assert_allclose(difference / 1e-2, plain[0][position], rtol=0.05, atol=0.5)


def test_initial_weights_scale_with_a_units_own_field():
    for layer, connections in (
        (LocallyConnected2D(8, 5), 5 * 5 * 4),
        (LeCunConv2D(64, 5), 5 * 5 * 4),
        (LeCunConv2D(64, 5, table=[range(4)] * 64), 5 * 5 * 4),
    ):
        layer.build((None, 12, 12, 4))
        assert np.std(layer.kernel) == pytest.approx(connections**-0.5, rel=0.05)


def test_a_full_table_is_a_convolution():
    table, x = built(LeCunConv2D(3, 3, table=[[0, 1]] * 3, bias="map"))
    full, _ = built(LeCunConv2D(3, 3, bias="map"))
    full.set_weights([table.full_kernel(), table.bias])
    np.testing.assert_allclose(full(x), table(x), rtol=1e-5, atol=1e-5)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="5x5 pixels does not fit into 4x4"):
        LocallyConnected2D(1, 5).build((None, 4, 4, 1))
    with pytest.raises(ValueError, match="a row for each of the 3 maps, got 2"):
        LeCunConv2D(3, 3, table=[[0], [1]])
    with pytest.raises(ValueError, match="channels that an input of 2 does not have"):
        LeCunConv2D(1, 3, table=[[2]]).build((None, 4, 4, 2))
    with pytest.raises(ValueError, match="'channel'"):
        LeCunConv2D(1, 3, bias="channel")
