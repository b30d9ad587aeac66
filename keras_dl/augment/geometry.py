"""Changes of where things are in a picture: mirrored, moved, turned, cropped, larger or smaller.

Each takes pictures (batch, height, width, channels) float32 with values 0..255 and a seed (2,) int64, and changes each
picture in its own way; what comes in from outside is black.
"""

from __future__ import annotations

from keras_dl.lazy import LazyModule, tf

stateless = LazyModule("keras_dl.augment.stateless")

SHIFT = 1 / 8
TURN = 15 / 360
SCALE = 0.2
CROPPED_AREA, ASPECT_RATIO = (0.5, 1.0), (3 / 4, 4 / 3)


def flip(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirror half of the pictures from left to right."""
    return tf.image.stateless_random_flip_left_right(pictures, seed)


def shift(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Move each picture by up to an eighth of its sides, by whole pixels.

    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2: 4 pixels of 32.
    """
    batch = tf.shape(pictures)[0]
    for axis, key in zip((1, 2), tf.unstack(tf.random.experimental.stateless_split(seed, 2)), strict=True):
        size = pictures.shape[axis]
        reach = round(SHIFT * size)
        padding = [[reach, reach] if dimension == axis else [0, 0] for dimension in range(4)]
        offsets = tf.random.stateless_uniform([batch, 1], key, maxval=2 * reach + 1, dtype=tf.int32)
        pictures = tf.gather(tf.pad(pictures, padding), offsets + tf.range(size), axis=axis, batch_dims=1)
    return pictures


def rotate(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Turn each picture around its centre by up to 15 degrees either way."""
    return stateless.apply("RandomRotation", pictures, seed, factor=TURN, fill_mode="constant")


def scale(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Show each picture larger or smaller by up to a fifth, its centre in place."""
    return stateless.apply("RandomZoom", pictures, seed, height_factor=SCALE, fill_mode="constant")


def crop(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Enlarge a part of each picture, of half its area or more, of an aspect ratio from 3:4 to 4:3 of its own.

    Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 6, go down to 8 % of an ImageNet picture.
    Keras's RandomCrop takes the same part of all pictures, and does not scale.
    """
    batch = tf.shape(pictures)[0]
    draws = tf.unstack(tf.random.stateless_uniform([4, batch], seed))
    area = CROPPED_AREA[0] + draws[0] * (CROPPED_AREA[1] - CROPPED_AREA[0])
    low, high = tf.math.log(ASPECT_RATIO[0]), tf.math.log(ASPECT_RATIO[1])
    ratio = tf.exp(low + draws[1] * (high - low))
    sides = [tf.minimum(tf.sqrt(area / ratio), 1.0), tf.minimum(tf.sqrt(area * ratio), 1.0)]
    starts = [draw * (1 - side) for draw, side in zip(draws[2:], sides, strict=True)]
    (top, left), (tall, wide), nothing = starts, sides, tf.zeros(batch)
    height, width = pictures.shape[1:3]
    down, right = (start * size + (side - 1) / 2 for start, size, side in ((top, height, tall), (left, width, wide)))
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack([wide, nothing, right, nothing, tall, down, nothing, nothing], axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
