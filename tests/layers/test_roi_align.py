"""RoIAlign: the definition point by point, the map for each size of box, gradients, precision, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_dl.layers import RoIAlign

STRIDES = (4, 8, 16, 32)
SIZE = (224, 448)
MAPS = [
    np.random.default_rng(stride).normal(size=(2, SIZE[0] // stride, SIZE[1] // stride, 3)).astype("float32")
    for stride in STRIDES
]
BOXES = np.float32(
    [
        [[0, 0, 30, 40], [10.5, 20.25, 130, 110], [0, 0, 448, 224], [440, 215, 448, 224]],
        [[-1, -1, -1, -1], [3, 5, 3.5, 5.5], [100, 0, 324, 224], [0, 0, 111, 111]],
    ]
)
LEVELS = [[0, 0, 2, 0], [0, 0, 2, 0]]


def point(values, y, x):
    """The value of a map (rows, columns, channels) at a point between its positions."""
    y, x = (min(max(at, 0), size - 1) for at, size in zip((y, x), values.shape[:2], strict=True))
    top, left = int(y), int(x)
    bottom, right = min(top + 1, values.shape[0] - 1), min(left + 1, values.shape[1] - 1)
    upper = values[top, left] * (1 - x + left) + values[top, right] * (x - left)
    lower = values[bottom, left] * (1 - x + left) + values[bottom, right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


def by_definition(values, box, stride, size):
    left, top, right, bottom = box / stride
    tall, wide = max(bottom - top, 1) / size, max(right - left, 1) / size
    bins = np.zeros((size, size, values.shape[-1]))
    for row, column in np.ndindex(size, size):
        points = [
            point(values, top + (row + down) * tall, left + (column + right) * wide)
            for down in (0.25, 0.75)
            for right in (0.25, 0.75)
        ]
        bins[row, column] = np.mean(points, axis=0)
    return bins


@pytest.mark.parametrize("size", [7, 14])
def test_bins_are_means_of_four_interpolated_points(size):
    found = RoIAlign(size)(BOXES, MAPS).numpy()
    assert found.shape == (2, 4, size, size, 3)
    for picture, number in np.ndindex(2, 4):
        level = LEVELS[picture][number]
        expected = by_definition(MAPS[level][picture], BOXES[picture, number], STRIDES[level], size)
        np.testing.assert_allclose(found[picture, number], expected, atol=1e-4)


def test_larger_boxes_are_read_from_coarser_maps():
    maps = [np.full((1, 1600 // stride, 1600 // stride, 1), stride, "float32") for stride in STRIDES]
    sides = np.array([1, 111, 113, 223, 225, 447, 449, 1600], "float32")
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=-1)[None]
    found = RoIAlign(2)(boxes, maps)[0, :, 0, 0, 0]
    np.testing.assert_array_equal(found, [4, 4, 8, 8, 16, 16, 32, 32])


def test_gradients_reach_the_maps_alone_and_xla_gives_the_same():
    layer = RoIAlign(7)

    @tf.function
    def gradients(boxes, *maps):
        with tf.GradientTape() as tape:
            tape.watch((boxes, maps))
            loss = tf.reduce_sum(layer(boxes, [*maps]) ** 2)
        return loss, *tape.gradient(loss, (boxes, *maps))

    loss, none, *found = gradients(tf.constant(BOXES), *map(tf.constant, MAPS))
    compiled = tf.function(gradients.python_function, jit_compile=True)(tf.constant(BOXES), *map(tf.constant, MAPS))
    np.testing.assert_allclose(compiled[0], loss, rtol=1e-5)
    assert none is None
    for mine, other in zip(found, compiled[2:], strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(mine), other, atol=1e-4)
    assert all(np.abs(tf.convert_to_tensor(found[level])).max() > 0 for level in (0, 2))


def test_boxes_keep_their_precision_where_maps_have_less():
    layer = RoIAlign(7, dtype="mixed_bfloat16")
    coarse = [tf.cast(one, "bfloat16") for one in MAPS]
    found = layer(BOXES, coarse)
    assert found.dtype == tf.bfloat16
    exact = RoIAlign(7)(BOXES, [tf.cast(one, "float32") for one in coarse])
    np.testing.assert_allclose(tf.cast(found, "float32"), exact, atol=0.1)


def test_a_model_with_it_survives_saving(tmp_path):
    inputs = (
        keras.Input((None, 4), name="boxes"),
        [keras.Input(one.shape[1:], name=f"p{level}") for level, one in enumerate(MAPS)],
    )
    model = keras.Model(inputs, RoIAlign(5, name="align")(*inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.output_shape == (None, None, 5, 5, 3)
    np.testing.assert_array_equal(loaded((BOXES, MAPS)), model((BOXES, MAPS)))
