"""JPEG files that need nothing but decoding, straight by libjpeg-turbo: the bits of Pillow in half of its time."""

from __future__ import annotations

import numpy as np
import simplejpeg

START = b"\xff\xd8\xff"
METADATA = (b"Exif\0", b"http://ns.adobe.com/xap/", b"MPF\0")  # may say that it lies on its side, or is one of several
COLOURS = ("Gray", "YCbCr")


def plain_jpeg(content: bytes, enough: int) -> np.ndarray | None:
    """The pixels (height, width, 3) uint8, RGB, of the JPEG file with these bytes, as Pillow decodes it.

    None where Pillow has to judge: other formats and colours, damage, metadata that may change what is to be seen, and
    pictures that it decodes faster because they shrink to half and still have `enough` pixels a side.
    """
    if not content.startswith(START) or any(mark in content for mark in METADATA):
        return None
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
        if colours not in COLOURS or min(height, width) >= 2 * enough:
            return None
        return simplejpeg.decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)
    except ValueError:
        return None
