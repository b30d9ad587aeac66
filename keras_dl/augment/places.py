"""Boxes and masks that move along with their pictures.

Masks (batch, height, width) are whole numbers, and 0 where nothing was before; each pixel takes the nearest one. Boxes
(batch, n, 4) are (left, top, right, bottom) in pixels, with labels (batch, n), both padded by -1; a turned box becomes
the smallest upright one around it, and all are cut at the borders. What keeps less than a pixel of width or height
becomes a pad.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras_dl.augment.geometry import ORIGINS
from keras_dl.augment.image import CHANGES
from keras_dl.errors import UsageError
from keras_dl.lazy import tf

LEAST = 1.0
"""pixels of a box that stay in the picture, either way"""
UNKNOWN = ("rand_augment",)
"""changes that move things, it is not known where to"""


def compose(names: Sequence[str], image: str) -> Callable[[dict[str, tf.Tensor], tf.Tensor], dict] | None:
    """The `CHANGES` called `names`, one after the other, for batches by column; None if there are none.

    The pictures, the column `image`, change as those alone would by the same seed; the columns "mask", and "boxes" with
    their "labels", move along, and all others stay. Raises `UsageError` for rand_augment.
    """
    for name in names:
        if name in UNKNOWN:
            raise UsageError(f"{name} moves things without their boxes and masks; choose from {', '.join(ORIGINS)}")
    if not names:
        return None

    def change(batch, seed):
        for number, name in enumerate(names):
            key = tf.random.experimental.stateless_fold_in(seed, number)
            pictures = batch[image]
            if name in ORIGINS:
                batch = moved(batch, ORIGINS[name](pictures, key), tuple(pictures.shape[1:3]))
            batch = {**batch, image: CHANGES[name](pictures, key)}
        return batch

    return change


def moved(batch: dict[str, tf.Tensor], origins: tf.Tensor, size: tuple[int, int]) -> dict[str, tf.Tensor]:
    """`batch` with its mask and boxes where their pictures of `size` have gone; `origins` as in `geometry`."""
    batch = dict(batch)
    if "mask" in batch:
        batch["mask"] = moved_mask(batch["mask"], origins)
    if "boxes" in batch:
        batch["boxes"], batch["labels"] = moved_boxes(batch["boxes"], batch["labels"], origins, size)
    return batch


def moved_mask(mask: tf.Tensor, origins: tf.Tensor) -> tf.Tensor:
    """(batch, height, width) whole -> the same."""
    found = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(mask[..., None], "int32"),
        transforms=origins,
        output_shape=tf.shape(mask)[1:],
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )
    return tf.ensure_shape(tf.cast(found[..., 0], mask.dtype), mask.shape)


def moved_boxes(
    boxes: tf.Tensor, labels: tf.Tensor, origins: tf.Tensor, size: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Boxes (batch, n, 4) and labels (batch, n) in pictures of `size` (height, width) -> the same."""
    a, b, c, d, e, f, *_ = (one[:, None, None] for one in tf.unstack(origins, axis=1))
    x = tf.gather(boxes, [0, 2, 0, 2], axis=2) - 0.5 - c  # the middle of a pixel is what has its number
    y = tf.gather(boxes, [1, 1, 3, 3], axis=2) - 0.5 - f
    area = a * e - b * d
    corners = (e * x - b * y) / area + 0.5, (a * y - d * x) / area + 0.5
    ends = [end(corner, axis=2) for end in (tf.reduce_min, tf.reduce_max) for corner in corners]
    found = tf.clip_by_value(tf.stack(ends, axis=2), 0.0, tf.constant([size[1], size[0]] * 2, "float32"))
    stays = (labels >= 0) & tf.reduce_all(found[..., 2:] - found[..., :2] >= LEAST, axis=-1)
    return tf.where(stays[..., None], found, -1.0), tf.where(stays, labels, -1)
