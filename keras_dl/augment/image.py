"""Random changes to batches of pictures, each a function of (pictures, seed) without state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras_dl.lazy import tf

SHIFT = 1 / 8


def flip(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirror half of the pictures (batch, height, width, channels) from left to right; `seed` is (2,) int64."""
    return tf.image.stateless_random_flip_left_right(pictures, seed)


def shift(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Move each picture by up to an eighth of its sides, filling with black; shapes as in `flip`.

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


CHANGES = {"flip": flip, "shift": shift}


def compose(names: Sequence[str]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """The `CHANGES` called `names`, one after the other, each with a seed of its own; None if there are none."""
    if not names:
        return None

    def change(pictures, seed):
        for number, name in enumerate(names):
            pictures = CHANGES[name](pictures, tf.random.experimental.stateless_fold_in(seed, number))
        return pictures

    return change
