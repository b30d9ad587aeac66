"""Digits in colours with a caption each, made of those that come with scikit-learn: pictures of what texts say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.digits import load_digits
from keras_dl.data.source import Array
from keras_dl.data.spec import Column

if TYPE_CHECKING:
    from keras_dl.data.dataset import Data

COLOURS = {
    "red": (230, 40, 40),
    "green": (40, 190, 60),
    "blue": (60, 90, 240),
    "yellow": (235, 215, 40),
    "purple": (180, 60, 210),
    "white": (240, 240, 240),
}
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def load_coloured_digits() -> Data:
    """The columns "image", (8, 8, 3) of pixels 0..255 on black, and "captions", one a picture: "a red seven".

    Every digit of scikit-learn comes in one colour, drawn once and for all.
    """
    digits, generator = load_digits(0.1, 0), np.random.default_rng(0)
    examples = {}
    for name in ("train", "validation", "test"):
        split = getattr(digits, name)
        colours = generator.choice([*COLOURS], len(split))
        shades = np.array([COLOURS[colour] for colour in colours])[:, None, None, :]
        captions = [f"a {colour} {DIGITS[label]}" for colour, label in zip(colours, split.labels, strict=True)]
        pictures = np.round(split.inputs() / 255 * shades).astype("uint8")
        examples[name] = {"image": pictures, "captions": Array(np.array(captions, object)[:, None])}
    columns = {"image": Column(kind="image", shape=(8, 8, 3)), "captions": Column(kind="texts", shape=(1,))}
    origin = {"kind": "the embedded coloured digits"}
    return assemble(examples, columns, name="coloured_digits", validation=0.1, seed=0, origin=origin)
