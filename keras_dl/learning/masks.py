"""Pictures above their masks above those of a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl.figures import save_figure

COLOURS = 20


def draw_masks(pictures: np.ndarray, masks: np.ndarray, guesses: np.ndarray, classes: int, path: Path) -> None:
    """Draw `pictures` (n, height, width, channels) 0..255, and `masks` and `guesses` (n, ...) of classes, into a PNG.

    Masks may be smaller than the pictures: then they are of the centre.
    """
    count = len(pictures)
    figure = Figure(figsize=(1.2 * count, 3.8), layout="constrained")
    axes = figure.subplots(3, count, squeeze=False)
    colours = {"cmap": "tab20" if classes > 2 else "gray", "vmin": 0, "vmax": max(1, min(classes, COLOURS) - 1)}
    for column in range(count):
        picture = pictures[column].astype("uint8")
        axes[0, column].imshow(picture[..., 0] if picture.shape[-1] == 1 else picture, cmap="gray", vmin=0, vmax=255)
        for row, mask in ((1, masks[column]), (2, guesses[column])):
            axes[row, column].imshow(mask % COLOURS, interpolation="none", **colours)
        for row in range(3):
            axes[row, column].set(xticks=[], yticks=[])
    for row, title in enumerate(("picture", "mask", "network")):
        axes[row, 0].set_ylabel(title)
    save_figure(figure, path)
