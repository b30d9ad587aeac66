"""Sheets of pictures, such as a network has made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl.figures import save_figure

COLUMNS = 8


def draw_sheet(groups: dict[str, np.ndarray], path: Path) -> None:
    """`groups` of pictures (n, height, width, 1 or 3), pixels 0..255, under their names, eight to a row."""
    rows = [-(-len(pictures) // COLUMNS) for pictures in groups.values()]
    figure = Figure(figsize=(COLUMNS, sum(rows) + 0.4 * len(groups)), layout="constrained")
    places = figure.subplots(len(groups), squeeze=False, height_ratios=rows)[:, 0]
    for axes, (name, pictures) in zip(places, groups.items(), strict=True):
        axes.imshow(mosaic(pictures), cmap="gray", vmin=0, vmax=1)
        axes.set_title(name, fontsize=10, loc="left")
        axes.set_axis_off()
    save_figure(figure, path)


def mosaic(pictures: np.ndarray) -> np.ndarray:
    """One picture of all, side by side with a white line between, values 0..1."""
    count, height, width, channels = pictures.shape
    rows = -(-count // COLUMNS)
    cells = np.ones((rows * COLUMNS, height + 1, width + 1, channels))
    cells[:count, :height, :width] = np.clip(pictures / 255, 0, 1)
    cells = cells.reshape(rows, COLUMNS, height + 1, width + 1, channels).swapaxes(1, 2)
    return cells.reshape(rows * (height + 1), COLUMNS * (width + 1), channels)[:-1, :-1].squeeze()
