"""Random changes to batches of pictures by name, each a function of (pictures, seed) without state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras_dl.augment.geometry import crop, flip, rotate, scale, shift
from keras_dl.augment.pixels import brightness, color, contrast, erase
from keras_dl.augment.policy import rand_augment
from keras_dl.errors import UsageError, choose
from keras_dl.lazy import tf

CHANGES = {
    "flip": flip,
    "shift": shift,
    "rotate": rotate,
    "crop": crop,
    "scale": scale,
    "contrast": contrast,
    "brightness": brightness,
    "color": color,
    "erase": erase,
    "rand_augment": rand_augment,
}


def compose(names: Sequence[str], channels: int = 3) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """The `CHANGES` called `names`, one after the other, each with a seed of its own; None if there are none.

    Raises `UsageError` for other names, and for "color" where pictures do not have 3 `channels`.
    """
    for name in names:
        choose("change", name, CHANGES)
    if "color" in names and channels != 3:
        raise UsageError(f"color changes RGB pictures, these have {channels} channel(s); leave it out of augment")
    if not names:
        return None

    def change(pictures, seed):
        for number, name in enumerate(names):
            pictures = CHANGES[name](pictures, tf.random.experimental.stateless_fold_in(seed, number))
        return pictures

    return change
