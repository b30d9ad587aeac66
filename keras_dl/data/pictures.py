"""Picture files of any size and colour mode as arrays of one shape."""

from __future__ import annotations

import dataclasses
import functools
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from keras_dl.data.jpeg import plain_jpeg
from keras_dl.data.sources.threads import in_threads

ENDINGS = ("avif", "bmp", "gif", "jfif", "jpe", "jpeg", "jpg", "pgm", "png", "ppm", "tif", "tiff", "webp")
SUFFIXES = frozenset(f".{ending}" for ending in ENDINGS)
TURNED = "turned as their EXIF orientation says"
OPAQUE = "with transparent parts laid on white"
FIRST_FRAME = "with several frames, of which the first is taken"
SIXTEEN_BITS = "of 16 bits a value scaled to 8"


@dataclasses.dataclass(frozen=True)
class Picture:
    """What became of one file: what was `done` to its pixels, or, where they could not be read, the reason in `bad`."""

    bad: str = ""
    done: tuple[str, ...] = ()


def read_pictures(paths: Sequence[Path], height: int, width: int) -> tuple[np.ndarray, list[Picture]]:
    """Every file of `paths`, decoded whole, scaled to cover (height, width) pixels and cropped to the centre.

    Gives the pixels (files, height, width, 3) uint8, black where a file is bad, and what became of each file.
    """
    pixels = np.zeros((len(paths), height, width, 3), np.uint8)
    return pixels, in_threads(_read, zip(paths, pixels, strict=True), len(paths))


def look_at_pictures(paths: Sequence[Path], height: int, width: int) -> list[tuple[Picture, bool, int]]:
    """What `read_pictures` would find, without keeping pixels: what became of each file, if it is gray, its CRC-32."""
    return in_threads(functools.partial(_look, height, width), ((path,) for path in paths), len(paths))


def decode_picture(content: bytes, pixels: np.ndarray) -> Picture:
    """Puts the picture in the `content` of a file into `pixels` (height, width, 3 or 1 for gray), if it can be read."""
    height, width, channels = pixels.shape
    enough = 2 * max(height, width)
    if not content:
        return Picture("the file is empty")
    try:
        plain = plain_jpeg(content, enough)
        if plain is None:
            with Image.open(io.BytesIO(content)) as image:
                upright, done = _decode(image, enough)
        else:
            upright, done = plain, ()
        pixels[:] = np.asarray(_fit(upright, height, width))[..., :channels]
        return Picture(done=done)
    except UnidentifiedImageError:
        return Picture("not a picture")
    except Exception as error:  # on damaged bytes Pillow's decoders raise all kinds of exceptions
        return Picture(_reason(error))


def _read(path: Path, pixels: np.ndarray) -> Picture:
    try:
        return decode_picture(path.read_bytes(), pixels)
    except OSError as error:
        return Picture(_reason(error))


def _look(height: int, width: int, path: Path) -> tuple[Picture, bool, int]:
    pixels = np.zeros((height, width, 3), np.uint8)
    try:
        content = path.read_bytes()
    except OSError as error:
        return Picture(_reason(error)), True, 0
    picture = decode_picture(content, pixels)
    return picture, bool((pixels[..., :1] == pixels).all()), zlib.crc32(content)


def _reason(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _fit(picture: Image.Image | np.ndarray, height: int, width: int) -> Image.Image | np.ndarray:
    """The RGB `picture`, scaled to cover (height, width) pixels and cropped to its centre."""
    if isinstance(picture, np.ndarray):
        rows, columns = picture.shape[0] - height, picture.shape[1] - width
        if min(rows, columns) == 0 and (rows + columns) % 2 == 0:  # its centre as it is: a third of the time to read it
            return picture[rows // 2 :][:height, columns // 2 :][:, :width]
        picture = Image.fromarray(picture)
    return ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR)


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
    return image if image.mode == "RGB" else image.convert("RGB"), tuple(done)
