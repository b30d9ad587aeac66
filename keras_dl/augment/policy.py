"""RandAugment: for each picture two changes out of fourteen, drawn at random.

Cubuk, Zoph, Shlens & Le, "RandAugment: Practical automated data augmentation with a reduced search space", NeurIPS
2020. Gray pictures have no colour to change, which leaves thirteen. The strength of a change is drawn between none and
the limits below, where the paper has one strength for all. Keras's RandAugment draws the same changes for a whole
batch, and its Equalization takes one histogram for all pictures; here both are per picture.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from keras_dl.augment import pixels
from keras_dl.lazy import LazyModule, tf

stateless = LazyModule("keras_dl.augment.stateless")

ROUNDS = 2
STRENGTH = 0.3
BLACK, RANGE = {"fill_mode": "constant"}, {"value_range": (0, 255)}
LAYERS = {
    "rotate": ("RandomRotation", {"factor": 30 / 360, **BLACK}),
    "shear_x": ("RandomShear", {"x_factor": STRENGTH, "y_factor": 0.0, **BLACK}),
    "shear_y": ("RandomShear", {"x_factor": 0.0, "y_factor": STRENGTH, **BLACK}),
    "translate_x": ("RandomTranslation", {"height_factor": 0.0, "width_factor": STRENGTH, **BLACK}),
    "translate_y": ("RandomTranslation", {"height_factor": STRENGTH, "width_factor": 0.0, **BLACK}),
    "brightness": ("RandomBrightness", {"factor": STRENGTH, **RANGE}),
    "contrast": ("RandomContrast", {"factor": (STRENGTH, STRENGTH), **RANGE}),
    "posterize": ("RandomPosterization", {"factor": (4, 8), **RANGE}),
    "auto_contrast": ("AutoContrast", RANGE),
}


def rand_augment(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Two changes of each picture (batch, height, width, channels) 0..255, drawn with `seed` (2,) int64."""
    changes = _changes(pictures.shape[-1])
    count = tf.shape(pictures)[0]
    for number in range(ROUNDS):
        key = tf.random.experimental.stateless_fold_in(seed, number)
        drawn = tf.random.stateless_uniform([count], key, maxval=len(changes), dtype=tf.int32)
        groups = tf.dynamic_partition(pictures, drawn, len(changes))
        places = tf.dynamic_partition(tf.range(count), drawn, len(changes))
        keys = tf.unstack(tf.random.experimental.stateless_split(key, len(changes)))
        changed = [change(group, key) for change, group, key in zip(changes, groups, keys, strict=True)]
        pictures = tf.ensure_shape(tf.dynamic_stitch(places, changed), pictures.shape)
    return pictures


def _changes(channels: int) -> list[Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
    layers = [functools.partial(_apply, name, options) for name, options in LAYERS.values()]
    return [_keep, _solarize, _equalize, _sharpen, *layers, *([_saturate] if channels == 3 else [])]


def _apply(name: str, options: dict, pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return stateless.apply(name, pictures, seed, **options)


def _keep(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return pictures


def _saturate(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    shape = [tf.shape(pictures)[0], 1, 1, 1]
    return pixels.saturated(pictures, tf.random.stateless_uniform(shape, seed, 1 - STRENGTH, 1 + STRENGTH))


def _solarize(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The values above a threshold, at the lowest 1 - `STRENGTH` of the range, turned into their negative."""
    threshold = tf.random.stateless_uniform([tf.shape(pictures)[0], 1, 1, 1], seed, 255 * (1 - STRENGTH), 255)
    return tf.where(pictures < threshold, pictures, 255 - pictures)


def _sharpen(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """As far from a smoothed picture (a 3x3 window, the middle 5 times the rest) as amounts around 1 say.

    Keras's RandomSharpness darkens the borders.
    """
    shape = [tf.shape(pictures)[0], 1, 1, 1]
    amounts = tf.random.stateless_uniform(shape, seed, 1 - STRENGTH, 1 + STRENGTH)
    padded = tf.pad(pictures, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    smooth = (9 * tf.nn.avg_pool2d(padded, 3, 1, "VALID") + 4 * pictures) / 13
    return tf.clip_by_value(smooth + amounts * (pictures - smooth), 0.0, 255.0)


def _equalize(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Every value replaced by the share of values of its picture and channel that are below it, scaled to 0..255."""
    shape = tf.shape(pictures)
    rows = tf.reshape(tf.transpose(pictures, (0, 3, 1, 2)), [shape[0] * shape[3], shape[1] * shape[2]])
    levels = tf.cast(tf.clip_by_value(tf.round(rows), 0, 255), tf.int32)
    counts = tf.math.bincount(levels, minlength=256, maxlength=256, axis=-1)
    reached = tf.cumsum(counts, axis=1)
    least = tf.gather(reached, tf.reduce_min(levels, axis=1), batch_dims=1)[:, None]
    table = tf.math.divide_no_nan(tf.cast(reached - least, "float32"), tf.cast(reached[:, -1:] - least, "float32"))
    flat = tf.gather(255 * table, levels, batch_dims=1)
    flat = tf.where(least < reached[:, -1:], flat, rows)
    return tf.transpose(tf.reshape(flat, tf.stack([shape[0], shape[3], shape[1], shape[2]])), (0, 2, 3, 1))
