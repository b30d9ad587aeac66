"""Pictures of one size and number of channels, from those of another."""

from __future__ import annotations

from keras_dl.errors import UsageError
from keras_dl.lazy import tf

DEFAULT_SIZE = 96  # pixels of height and width, for pictures that differ in size
LUMA_CHANNELS = {(1, 3), (3, 1)}


def check_conversion(source: tuple[int, ...], target: tuple[int, ...]) -> None:
    """Raise `UsageError` unless pictures of the shape `source` can become (height, width, channels) `target`."""
    if len(target) != 3 or min(target) < 1:
        raise UsageError(f"pictures have a shape (height, width, channels) of positive sizes, got {target}")
    if source[2] != target[2] and (source[2], target[2]) not in LUMA_CHANNELS:
        raise UsageError(
            f"pictures have {source[2]} channels, {target[2]} are wanted; 1 (gray) and 3 (RGB) convert to each other"
        )


def cover(pictures: tf.Tensor, target: tuple[int, ...]) -> tf.Tensor:
    """(..., height, width, channels) of any number type -> (..., *target) float32.

    Scaled until it covers the target (bilinear, antialiased), then cropped to its centre; gray is repeated to RGB, and
    RGB becomes the luma of ITU-R BT.601.
    """
    pictures = tf.cast(pictures, "float32")
    height, width, channels = target
    if pictures.shape[-1] != channels:
        convert = tf.image.grayscale_to_rgb if channels == 3 else tf.image.rgb_to_grayscale
        pictures = convert(pictures)
    source = tuple(pictures.shape[-3:-1])
    if source == (height, width):
        return pictures
    size = tf.cast(tf.shape(pictures)[-3:-1], "float64")
    scale = tf.reduce_max(tf.constant([height, width], "float64") / size)
    scaled = tf.maximum(tf.cast(tf.round(size * scale), "int32"), [height, width])
    shrinks = None in source or (source[0] > height and source[1] > width)
    pictures = tf.image.resize(pictures, scaled, antialias=shrinks)  # costs ten times as much, without effect on growth
    top, left = (scaled[0] - height) // 2, (scaled[1] - width) // 2
    pictures = tf.image.crop_to_bounding_box(pictures, top, left, height, width)
    pictures.set_shape([*pictures.shape[:-3], *target])
    return pictures
