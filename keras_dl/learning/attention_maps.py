"""Where a network looks while it writes: a square for each token that it reads and each that it writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl.figures import plain, save_figure

CELL = 0.32
"""inches"""


def draw_attention(shares: list[np.ndarray], sources: list[list[str]], targets: list[list[str]], path: Path) -> None:
    """Draw `shares`, (written, read) of each example, black where all is; tokens that are read stand above."""
    widest, heights = max(map(len, sources)), [len(target) + 4 for target in targets]
    figure = Figure(figsize=(2 + CELL * max(8, widest), CELL * sum(heights)), layout="constrained")
    places = figure.subplots(len(shares), squeeze=False, height_ratios=heights)[:, 0]
    for axes, one, source, target in zip(places, shares, sources, targets, strict=True):
        axes.imshow(one, cmap="Greys", vmin=0, vmax=1)
        axes.set_xticks(range(len(source)), map(plain, source), rotation=90)
        axes.set_yticks(range(len(target)), map(plain, target))
        axes.xaxis.tick_top()
    save_figure(figure, path)
