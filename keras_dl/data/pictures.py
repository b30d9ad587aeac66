"""Picture files of any size and colour mode as arrays of one shape."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

SUFFIXES = frozenset((".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"))
TURNED = "turned as their EXIF orientation says"
OPAQUE = "with transparent parts laid on white"
FIRST_FRAME = "with several frames, of which the first is taken"
SIXTEEN_BITS = "of 16 bits a value scaled to 8"


@dataclasses.dataclass(frozen=True)
class Picture:
    """One file: `pixels` (height, width, 3) uint8 and what was `done` to them, or None and the reason in `bad`."""

    pixels: np.ndarray | None
    bad: str = ""
    done: tuple[str, ...] = ()

    @property
    def gray(self) -> bool:
        return bool((self.pixels[..., :1] == self.pixels).all())


def read_pictures(paths: Sequence[Path], height: int, width: int) -> list[Picture]:
    """Every file of `paths`, decoded whole, scaled to cover (height, width) pixels and cropped to the centre."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda path: _read(path, height, width), paths))


def _read(path: Path, height: int, width: int) -> Picture:
    try:
        if path.stat().st_size == 0:
            return Picture(None, "the file is empty")
        with Image.open(path) as image:
            pixels, done = _decode(image, 2 * max(height, width))
        return Picture(np.asarray(ImageOps.fit(pixels, (width, height), Image.Resampling.BILINEAR)), done=done)
    except UnidentifiedImageError:
        return Picture(None, "not a picture")
    except Exception as error:  # on damaged bytes Pillow's decoders raise all kinds of exceptions
        return Picture(None, next(iter(str(error).splitlines()), type(error).__name__))


def _decode(image: Image.Image, enough: int) -> tuple[Image.Image, tuple[str, ...]]:
    """`image` upright in RGB, and what was done to it; a JPEG may come out smaller, down to `enough` a side."""
    done = []
    if getattr(image, "n_frames", 1) > 1:
        done.append(FIRST_FRAME)
    image.draft(None, (enough, enough))
    image.load()
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        done.append(TURNED)
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        done.append(SIXTEEN_BITS)
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"its values {values.min()}..{values.max()} are more than 16 bits")
        image = Image.fromarray(np.round(values / 257).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("its values are floats, of a range that is not known")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            done.append(OPAQUE)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB"), tuple(done)
