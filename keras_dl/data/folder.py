"""A folder of pictures by class, every one of them opened before anything trains on it."""

from __future__ import annotations

import collections
import contextlib
import functools
from pathlib import Path

import numpy as np
from PIL import Image

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data
from keras_dl.data.listing import Listing, Sort, list_files
from keras_dl.data.memory import FEW, check_fits, fits
from keras_dl.data.pictures import SUFFIXES, decode_picture, look_at_pictures, read_pictures
from keras_dl.data.resize import DEFAULT_SIZE
from keras_dl.data.sources.files import Files
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError, shown, some

PICTURES = Sort("picture", SUFFIXES)


def load_folder(folder: Path, validation: float, seed: int, image_size: int | None, skip_bad: bool) -> Data:
    """The pictures of `folder`, as `list_files` finds them, `image_size` pixels high and wide.

    They are scaled to cover that square (default `DEFAULT_SIZE`) and cropped to its centre; RGB, or gray if all
    of them are. Raises `UsageError` naming a picture that cannot be read, unless `skip_bad`.
    """
    size, listing = image_size or DEFAULT_SIZE, list_files(folder, PICTURES)
    if listing.kinds and image_size is None:
        check_sizes(listing)
    return _read(folder, listing, validation, seed, skip_bad, size, size)


def _read(
    folder: Path, listing: Listing, validation: float, seed: int, skip_bad: bool, height: int, width: int
) -> Data:
    total = sum(map(len, listing.files.values()))
    held = fits(total, (height, width, 3), 1)
    check_fits(str(folder), total if held else min(total, FEW), (height, width, 3), 1)
    paths = {split: [path for path, _ in files] for split, files in listing.files.items()}
    labels = {split: np.array([label for _, label in files]) for split, files in listing.files.items()}
    read = {split: (_Held if held else _Left)(files, height, width) for split, files in paths.items()}
    bad = [
        f"{path} ({picture.bad})"
        for split, files in paths.items()
        for path, picture in zip(files, read[split].pictures, strict=True)
        if picture.bad
    ]
    notices = list(listing.notices)
    if bad:
        named = some(bad, most=3)
        if not skip_bad:
            raise UsageError(f"{len(bad)} of {total} pictures cannot be read: {named}; --skip-bad leaves them out")
        notices.append(shown(f"{len(bad)} of {total} pictures cannot be read and were left out: {named}"))
    good = {split: np.array([not picture.bad for picture in part.pictures]) for split, part in read.items()}
    for split, values in labels.items():
        missing = set(range(len(listing.class_names))) - set(values[good[split]].tolist())
        if missing:
            raise UsageError(f"class {listing.class_names[min(missing)]!r} has no readable picture in {split}")
    done = collections.Counter(what for part in read.values() for picture in part.pictures for what in picture.done)
    notices += [f"{count} pictures {what}" for what, count in done.items()]
    notices.append(f"pictures were scaled to cover {height}x{width} pixels and cropped to their centre")
    if not held:
        notices.append(f"{total:,} pictures do not fit into memory; they are read from their files in every epoch")
    shape = (height, width, 1 if all(part.gray() for part in read.values()) else 3)
    return assemble(
        {
            split: {"image": part.images(good[split], shape), "label": labels[split][good[split]]}
            for split, part in read.items()
        },
        {
            "image": Column(kind="image", shape=shape),
            "label": Column(kind="class", class_names=tuple(listing.class_names)),
        },
        name=shown(folder.resolve().name),
        validation=validation,
        seed=seed,
        notices=notices,
        origin=listing.origin,
        reread=functools.partial(_read, folder, listing, validation, seed, skip_bad),
    )


def check_sizes(listing: Listing) -> None:
    """Raise `UsageError` where either of two kinds has a size of its own, to which its pictures would be scaled."""
    sizes: list[set[tuple[int, int]]] = [set(), set()]
    for path, label in listing.files["train"]:
        with contextlib.suppress(Exception), Image.open(path) as image:  # those that cannot be read are told later
            sizes[label].add(image.size)
    if all(len(found) == 1 for found in sizes) and sizes[0] != sizes[1]:
        (first, second), names = (f"{width}x{height}" for ((width, height),) in sizes), listing.class_names
        raise UsageError(
            f"the pictures of {names[0]} have {first} pixels, those of {names[1]} {second}; image_size scales both to "
            "one size"
        )


class _Held:
    """Pictures that are held in memory."""

    def __init__(self, paths: list[Path], height: int, width: int):
        self._pixels, self.pictures = read_pictures(paths, height, width)

    def gray(self) -> bool:
        return all((picture[..., :1] == picture).all() for picture in self._pixels)

    def images(self, good: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        pixels = self._pixels if good.all() else self._pixels[good]
        return np.ascontiguousarray(pixels[..., : shape[2]])


class _Left:
    """Pictures that were looked at and are left in their files."""

    def __init__(self, paths: list[Path], height: int, width: int):
        self._paths, found = np.array(paths), look_at_pictures(paths, height, width)
        self.pictures = [picture for picture, _, _ in found]
        self._gray = [gray for _, gray, _ in found]
        self._checksums = np.array([checksum for _, _, checksum in found], "uint32")

    def gray(self) -> bool:
        return all(self._gray)

    def images(self, good: np.ndarray, shape: tuple[int, ...]) -> Files:
        return Files(self._paths[good], self._checksums[good], decode_picture, shape=shape, dtype="uint8")
