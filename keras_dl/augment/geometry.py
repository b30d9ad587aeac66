"""Changes of where things are in a picture: mirrored, moved, turned, cropped, larger or smaller.

Each takes pictures (batch, height, width, channels) float32 with values 0..255 and a seed (2,) int64, and changes each
picture in its own way; what comes in from outside is black. Of each the place where a pixel comes from is known too,
so that boxes and masks can move along: `ORIGINS` gives for the same pictures and seed (batch, 8) float32, (a, b, c, d,
e, f, 0, 0), by which the pixel in column x and row y is the one that was in column ax + by + c and row dx + ey + f.
"""

from __future__ import annotations

from collections.abc import Iterator

from keras_dl.lazy import LazyModule, tf

stateless = LazyModule("keras_dl.augment.stateless")

SHIFT = 1 / 8
TURN = 15 / 360
SCALE = 0.2
CROPPED_AREA, ASPECT_RATIO = (0.5, 1.0), (3 / 4, 4 / 3)


def flip(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirror half of the pictures from left to right."""
    return tf.image.stateless_random_flip_left_right(pictures, seed)


def flip_origins(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """As `flip` draws them."""
    mirrored = tf.round(tf.random.stateless_uniform([tf.shape(pictures)[0]], seed))
    return _straight(1 - 2 * mirrored, mirrored * (pictures.shape[2] - 1), tf.ones_like(mirrored), 0.0)


def shift(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Move each picture by up to an eighth of its sides, by whole pixels.

    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2: 4 pixels of 32.
    """
    for axis, (reach, offsets) in zip((1, 2), _shifts(pictures, seed), strict=True):
        padding = [[reach, reach] if dimension == axis else [0, 0] for dimension in range(4)]
        places = offsets + tf.range(pictures.shape[axis])
        pictures = tf.gather(tf.pad(pictures, padding), places, axis=axis, batch_dims=1)
    return pictures


def shift_origins(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """As `shift` draws them."""
    down, right = (tf.cast(offsets[:, 0] - reach, "float32") for reach, offsets in _shifts(pictures, seed))
    return _straight(tf.ones_like(right), right, tf.ones_like(down), down)


def _shifts(pictures: tf.Tensor, seed: tf.Tensor) -> Iterator[tuple[int, tf.Tensor]]:
    """For rows and for columns the farthest move, and one of 0 .. twice as far for each picture, (batch, 1) int32."""
    for axis, key in zip((1, 2), tf.unstack(tf.random.experimental.stateless_split(seed, 2)), strict=True):
        reach = round(SHIFT * pictures.shape[axis])
        shape = [tf.shape(pictures)[0], 1]
        yield reach, tf.random.stateless_uniform(shape, key, maxval=2 * reach + 1, dtype=tf.int32)


def rotate(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Turn each picture around its centre by up to 15 degrees either way."""
    return stateless.apply("RandomRotation", pictures, seed, factor=TURN, fill_mode="constant")


def rotate_origins(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """As `rotate` draws them."""
    drawn = stateless.drawn("RandomRotation", pictures, seed, factor=TURN, fill_mode="constant")
    return drawn["rotation_matrix"]


def scale(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Show each picture larger or smaller by up to a fifth, its centre in place."""
    return stateless.apply("RandomZoom", pictures, seed, height_factor=SCALE, fill_mode="constant")


def scale_origins(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """As `scale` draws them."""
    drawn = stateless.drawn("RandomZoom", pictures, seed, height_factor=SCALE, fill_mode="constant")
    wide, tall = drawn["width_zoom"][:, 0], drawn["height_zoom"][:, 0]
    height, width = pictures.shape[1:3]
    return _straight(wide, (width - 1) / 2 * (1 - wide), tall, (height - 1) / 2 * (1 - tall))


def crop(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Enlarge a part of each picture, of half its area or more, of an aspect ratio from 3:4 to 4:3 of its own.

    Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 6, go down to 8 % of an ImageNet picture.
    Keras's RandomCrop takes the same part of all pictures, and does not scale.
    """
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=crop_origins(pictures, seed),
        output_shape=pictures.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def crop_origins(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """As `crop` draws them."""
    batch = tf.shape(pictures)[0]
    draws = tf.unstack(tf.random.stateless_uniform([4, batch], seed))
    area = CROPPED_AREA[0] + draws[0] * (CROPPED_AREA[1] - CROPPED_AREA[0])
    low, high = tf.math.log(ASPECT_RATIO[0]), tf.math.log(ASPECT_RATIO[1])
    ratio = tf.exp(low + draws[1] * (high - low))
    sides = [tf.minimum(tf.sqrt(area / ratio), 1.0), tf.minimum(tf.sqrt(area * ratio), 1.0)]
    starts = [draw * (1 - side) for draw, side in zip(draws[2:], sides, strict=True)]
    (top, left), (tall, wide) = starts, sides
    height, width = pictures.shape[1:3]
    down, right = (start * size + (side - 1) / 2 for start, size, side in ((top, height, tall), (left, width, wide)))
    return _straight(wide, right, tall, down)


ORIGINS = {
    "flip": flip_origins,
    "shift": shift_origins,
    "rotate": rotate_origins,
    "scale": scale_origins,
    "crop": crop_origins,
}


def _straight(wide: tf.Tensor, right: tf.Tensor, tall: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    """Origins of pixels whose rows and columns stay rows and columns, from (batch,) each."""
    nothing = tf.zeros_like(wide)
    return tf.stack([wide, nothing, right + nothing, nothing, tall, down + nothing, nothing, nothing], axis=1)
