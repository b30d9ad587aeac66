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
    scaled, (top, left) = _placed(tf.shape(pictures)[-3:-1], (height, width))
    shrinks = None in source or (source[0] > height and source[1] > width)
    pictures = tf.image.resize(pictures, scaled, antialias=shrinks)  # costs ten times as much, without effect on growth
    pictures = tf.image.crop_to_bounding_box(pictures, top, left, height, width)
    pictures.set_shape([*pictures.shape[:-3], *target])
    return pictures


def cover_mask(mask: tf.Tensor, target: tuple[int, int]) -> tf.Tensor:
    """(..., height, width) classes of pixels -> (..., *target), moved as `cover` moves pictures, by nearest pixels."""
    scaled, (top, left) = _placed(tf.shape(mask)[-2:], target)
    moved = tf.image.resize(mask[..., None], scaled, method="nearest")
    moved = tf.image.crop_to_bounding_box(moved, top, left, *target)[..., 0]
    moved.set_shape([*mask.shape[:-2], *target])
    return moved


def cover_boxes(
    boxes: tf.Tensor, labels: tf.Tensor, source: tf.Tensor | tuple[int, int], target: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Boxes (..., n, 4) and their labels (..., n) in pictures of `source` (height, width), moved as by `cover`.

    Boxes are (left, top, right, bottom) in pixels and are cut at the borders; what is no longer in the picture, and
    what was a pad of -1, is one.
    """
    scaled, (top, left) = _placed(tf.convert_to_tensor(source), target)
    factors = tf.cast(scaled, "float32") / tf.cast(source, "float32")
    moved = boxes * tf.tile(factors[::-1], [2]) - tf.cast(tf.stack([left, top, left, top]), "float32")
    moved = tf.clip_by_value(moved, 0.0, tf.constant([target[1], target[0]] * 2, "float32"))
    inside = (labels >= 0) & tf.reduce_all(moved[..., 2:] > moved[..., :2], axis=-1)
    return tf.where(inside[..., None], moved, -1.0), tf.where(inside, labels, -1)


def _placed(source: tf.Tensor, target: tuple[int, int]) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
    """The (height, width) to which a picture of `source` is scaled to cover `target`, and where the centre begins."""
    size = tf.cast(source, "float64")
    scale = tf.reduce_max(tf.constant(target, "float64") / size)
    scaled = tf.maximum(tf.cast(tf.round(size * scale), "int32"), target)
    return scaled, ((scaled[0] - target[0]) // 2, (scaled[1] - target[1]) // 2)


def fitted(batch: dict[str, tf.Tensor], name: str, shape: tuple[int, ...]) -> dict[str, tf.Tensor]:
    """`batch` by column, the input `name` (batch, ...) as float32 and of `shape`: pictures as `cover` makes them.

    The columns "mask", and "boxes" with their "labels", move along. Texts, and whole numbers that are no pixels, stay.
    """
    inputs = batch[name]
    if inputs.dtype == tf.string or (inputs.dtype.is_integer and inputs.dtype != tf.uint8):
        return batch
    if tuple(inputs.shape[1:]) == tuple(shape):
        return {**batch, name: tf.cast(inputs, "float32")}
    moved = {**batch, name: cover(inputs, shape)}
    if "mask" in batch:
        moved["mask"] = cover_mask(batch["mask"], shape[:2])
    if "boxes" in batch:
        source = tuple(inputs.shape[1:3])
        moved["boxes"], moved["labels"] = cover_boxes(batch["boxes"], batch["labels"], source, shape[:2])
    return moved
