"""The short way for plain JPEG files: the bits of Pillow, and Pillow for whatever is not plain."""

import io

import numpy as np
import pytest
from data_on_disk import picture
from PIL import Image, ImageOps

from keras_dl.data.jpeg import plain_jpeg
from keras_dl.data.pictures import TURNED, read_pictures

PLAIN = [{}, {"progressive": True}, {"quality": 100, "subsampling": 0}, {"subsampling": 1}, {"restart_marker_rows": 1}]


def jpeg(mode="RGB", size=(70, 50), **options):
    content = io.BytesIO()
    picture(size=size, mode=mode).save(content, "JPEG", **options)
    return content.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(exif=exif)


@pytest.mark.parametrize("options", PLAIN)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_bits_are_those_of_pillow(mode, options):
    content = jpeg(mode, **options)
    np.testing.assert_array_equal(plain_jpeg(content, 30), Image.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        jpeg("CMYK"),
        jpeg(exif=b"Exif\0\0of any content"),
        jpeg(xmp=b'<x tiff:Orientation="6"/>'),
        jpeg(comment=b"MPF\0 announces several pictures"),
        jpeg()[:-200],
        jpeg()[:20],
        jpeg().replace(b"\xff\xd8", b"\x89P", 1),
    ],
)
def test_pillow_judges_the_rest(content):
    assert plain_jpeg(content, 50) is None


def test_pillow_decodes_what_shrinks_to_half():
    assert plain_jpeg(jpeg(size=(90, 60)), 30) is None
    assert plain_jpeg(jpeg(size=(90, 59)), 30).shape == (59, 90, 3)


def test_no_file_that_pillow_refuses_is_taken():
    whole = jpeg(size=(24, 16))
    for count in range(len(whole)):
        if plain_jpeg(whole[:count], 16) is not None:
            Image.open(io.BytesIO(whole[:count])).load()


@pytest.mark.parametrize("size", [(32, 32), (46, 32), (47, 32), (32, 41), (70, 50), (20, 14), (200, 150), (33, 32)])
def test_files_are_fitted_as_pillow_fits_them(tmp_path, size):
    (tmp_path / "a.jpg").write_bytes(jpeg(size=size))
    pixels, [found] = read_pictures([tmp_path / "a.jpg"], 32, 32)
    image = Image.open(tmp_path / "a.jpg")
    image.draft(None, (64, 64))
    np.testing.assert_array_equal(pixels[0], ImageOps.fit(image, (32, 32), Image.Resampling.BILINEAR))
    assert not found.bad and not found.done


def test_a_picture_on_its_side_is_turned(tmp_path):
    for orientation in (1, 6):
        (tmp_path / f"{orientation}.jpg").write_bytes(turned(orientation))
    pixels, found = read_pictures([tmp_path / "1.jpg", tmp_path / "6.jpg"], 32, 32)
    assert [picture.done for picture in found] == [(), (TURNED,)]
    assert not np.array_equal(pixels[0], pixels[1])
