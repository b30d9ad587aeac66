"""Augmentation by name, as `keras_dl.training.fit` takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras_dl.augment import image, places
from keras_dl.augment.mix import MIXES, compose_mix
from keras_dl.data.spec import Spec
from keras_dl.errors import UsageError, choose
from keras_dl.fields import checked


def by_name(names: Sequence[str], spec: Spec) -> dict[str, Callable | None]:
    """The arguments "augment" and "mix" of `fit` for `names` of image.CHANGES and MIXES, in this order.

    Where the data have boxes or masks, "augment" changes batches by column and these move along. Raises `UsageError`
    for other names, and where they do not suit the data.
    """
    checked("spec", spec, Spec)
    for name in checked("names", names, tuple[str, ...]):
        choose("change", name, (*image.CHANGES, *MIXES))
    if names and spec.kind != "image":
        raise UsageError(f"augment changes pictures, {spec.name} has none; leave it out")
    mixes = [name for name in names if name in MIXES]
    placed = spec.find("boxes", "mask")
    if mixes and placed:
        raise UsageError(f"{mixes[0]} mixes one label a picture, {spec.name} has {placed}; leave it out of augment")
    changes = [name for name in names if name in image.CHANGES]
    alone = image.compose(changes, spec.shape[-1])
    return {
        "augment": places.compose(changes, spec.input) if placed else alone,
        "mix": compose_mix(mixes, spec.classes),
    }
