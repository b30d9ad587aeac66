"""A folder of pictures by class, every one of them opened before anything trains on it."""

from __future__ import annotations

import collections
import functools
from pathlib import Path

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data
from keras_dl.data.listing import Listing, list_pictures
from keras_dl.data.memory import check_fits
from keras_dl.data.pictures import read_pictures
from keras_dl.data.resize import DEFAULT_SIZE
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError, shown, some


def load_folder(folder: Path, validation: float, seed: int, image_size: int | None, skip_bad: bool) -> Data:
    """The pictures of `folder`, as `list_pictures` finds them, `image_size` pixels high and wide.

    They are scaled to cover that square (default `DEFAULT_SIZE`) and cropped to its centre; RGB, or gray if all
    of them are. Raises `UsageError` naming a picture that cannot be read, unless `skip_bad`.
    """
    size = image_size or DEFAULT_SIZE
    return _read(folder, list_pictures(folder), validation, seed, skip_bad, size, size)


def _read(
    folder: Path, listing: Listing, validation: float, seed: int, skip_bad: bool, height: int, width: int
) -> Data:
    total = sum(map(len, listing.files.values()))
    check_fits(str(folder), total, (height, width, 3), 1)
    read = {split: read_pictures([path for path, _ in files], height, width) for split, files in listing.files.items()}
    labels = {split: np.array([label for _, label in files]) for split, files in listing.files.items()}
    bad = [
        f"{path} ({picture.bad})"
        for split, (_, pictures) in read.items()
        for (path, _), picture in zip(listing.files[split], pictures, strict=True)
        if picture.bad
    ]
    notices = list(listing.notices)
    if bad:
        named = some(bad, most=3)
        if not skip_bad:
            raise UsageError(f"{len(bad)} of {total} pictures cannot be read: {named}; --skip-bad leaves them out")
        notices.append(shown(f"{len(bad)} of {total} pictures cannot be read and were left out: {named}"))
        good = {split: [not picture.bad for picture in pictures] for split, (_, pictures) in read.items()}
        read = {split: (pixels[good[split]], pictures) for split, (pixels, pictures) in read.items()}
        labels = {split: values[good[split]] for split, values in labels.items()}
    for split, values in labels.items():
        missing = set(range(len(listing.class_names))) - set(values.tolist())
        if missing:
            raise UsageError(f"class {listing.class_names[min(missing)]!r} has no readable picture in {split}")
    done = collections.Counter(what for _, pictures in read.values() for picture in pictures for what in picture.done)
    notices += [f"{count} pictures {what}" for what, count in done.items()]
    notices.append(f"pictures were scaled to cover {height}x{width} pixels and cropped to their centre")
    gray = all((picture[..., :1] == picture).all() for pixels, _ in read.values() for picture in pixels)
    return assemble(
        {
            split: {"image": np.ascontiguousarray(pixels[..., :1]) if gray else pixels, "label": labels[split]}
            for split, (pixels, _) in read.items()
        },
        {
            "image": Column(kind="image", shape=(height, width, 1 if gray else 3)),
            "label": Column(kind="class", class_names=tuple(listing.class_names)),
        },
        name=shown(folder.resolve().name),
        validation=validation,
        seed=seed,
        notices=notices,
        origin=listing.origin,
        reread=functools.partial(_read, folder, listing, validation, seed, skip_bad),
    )
