"""Augmentation by name, as `keras_dl.training.fit` takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras_dl.augment import audio, image, places
from keras_dl.augment.mix import MIXES, compose_mix
from keras_dl.data.spec import Spec
from keras_dl.errors import UsageError, choose
from keras_dl.fields import checked


def by_name(names: Sequence[str], spec: Spec) -> dict[str, Callable | None]:
    """The arguments "augment" and "mix" of `fit` for `names` of image.CHANGES and MIXES, in this order.

    Sounds, which become spectra after that, take those of audio.CHANGES. Where the data have boxes or masks, "augment"
    changes batches by column and these move along. Raises `UsageError` for other names, and where they do not suit the
    data.
    """
    checked("spec", spec, Spec)
    for name in checked("names", names, tuple[str, ...]):
        choose("change", name, (*image.CHANGES, *MIXES, *audio.CHANGES))
    if spec.rate is not None:
        if others := [name for name in names if name not in audio.CHANGES]:
            known = ", ".join(audio.CHANGES)
            raise UsageError(f"{others[0]} changes pictures, {spec.name} has sounds; they take {known}")
        return {"augment": audio.compose(names), "mix": None}
    if names and spec.kind != "image":
        raise UsageError(f"augment changes pictures and sounds, {spec.name} has none; leave it out")
    if sounds := [name for name in names if name in audio.CHANGES]:
        raise UsageError(f"{sounds[0]} changes sounds, {spec.name} has pictures; leave it out of augment")
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
