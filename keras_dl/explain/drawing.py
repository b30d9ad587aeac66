"""Heat maps as pictures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from keras_dl.figures import plain

LINE = 100
"""letters"""


def draw_map(axes: Axes, values: np.ndarray):
    """Draw one map (height, width) or (height, width, channels) on `axes`, channels summed; returns what was drawn.

    Red speaks for the class, blue against it, white is 0; the darkest colour is the map's largest magnitude.
    """
    values = values if values.ndim == 2 else values.sum(axis=-1)
    largest = np.abs(values).max() or 1.0
    drawn = axes.imshow(values / largest, cmap="seismic", vmin=-1, vmax=1)
    axes.set(xticks=[], yticks=[])
    return drawn


def draw_words(axes: Axes, words: Sequence[str], values: np.ndarray) -> None:
    """Write the text that the pieces `words` make on `axes`, each on a ground coloured by its value of `values` (n,).

    Red speaks for the answer and blue against it, paler than in `draw_map`; lines break where a piece begins with a
    blank.
    """
    largest = np.abs(values).max() or 1.0
    line, column = 0, 0
    for number, (word, value) in enumerate(zip(words, values, strict=True)):
        whole = len(word) + sum(map(len, itertools.takewhile(lambda one: one[:1] != " ", words[number + 1 :])))
        if column + (whole if word[:1] == " " else len(word)) > LINE:
            line, column = line + 1, 0
        text = word if column else word.lstrip()
        start = column + len(text) - len(text.lstrip())
        column += len(text)
        ground = colormaps["bwr"](0.5 + 0.3 * value / largest)
        axes.add_patch(Rectangle((start, line), column - start, 0.9, facecolor=ground, edgecolor="none"))
        for place, letter in enumerate(text.strip(), start=start):  # a font's letters are not as wide as a column
            axes.text(place + 0.5, line + 0.45, plain(letter), ha="center", va="center", family="monospace")
    axes.set(xlim=(0, LINE), ylim=(line + 1, 0), xticks=[], yticks=[])
    axes.set_frame_on(False)
