"""Changes of the values of pixels: contrast, brightness, colour, a part erased.

Each takes pictures (batch, height, width, channels) float32 with values 0..255 and a seed (2,) int64, and changes each
picture in its own way; values stay in 0..255.
"""

from __future__ import annotations

from keras_dl.lazy import LazyModule, tf

stateless = LazyModule("keras_dl.augment.stateless")

CONTRAST = 0.4
BRIGHTNESS = 0.2
HUE, SATURATION = 0.1, 0.4
ERASED_AREA = (0.02, 0.33)


def contrast(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Stretch or squeeze the values of each picture around its mean by up to 40 %."""
    return stateless.apply("RandomContrast", pictures, seed, factor=(CONTRAST, CONTRAST), value_range=(0, 255))


def brightness(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Add up to a fifth of the range of values, or take it away."""
    return stateless.apply("RandomBrightness", pictures, seed, factor=BRIGHTNESS, value_range=(0, 255))


def color(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Turn the hue of each RGB picture by up to a twentieth of the circle, change its saturation by up to 40 %."""
    keys = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    pictures = stateless.apply("RandomHue", pictures, keys[0], factor=HUE, value_range=(0, 255))
    amounts = tf.random.stateless_uniform([tf.shape(pictures)[0], 1, 1, 1], keys[1], 1 - SATURATION, 1 + SATURATION)
    return saturated(pictures, amounts)


def saturated(pictures: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """RGB pictures with their colours `amounts` (batch, 1, 1, 1) times as far from gray.

    Keras's RandomSaturation leaves the range 0..255.
    """
    gray = tf.image.rgb_to_grayscale(pictures)
    return tf.clip_by_value(gray + amounts * (pictures - gray), 0.0, 255.0)


def erase(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Black out a rectangle of each picture, its sides the root of 2 to 33 % of the picture's.

    DeVries & Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", arXiv:1708.04552, 2017;
    Zhong et al., "Random Erasing Data Augmentation", AAAI 2020, whose areas these are.
    """
    return stateless.apply("RandomErasing", pictures, seed, factor=(1.0, 1.0), scale=ERASED_AREA, fill_value=0.0)
