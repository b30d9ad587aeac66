"""Pictures with the boxes of their objects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from keras_dl.boxes.average_precision import Objects
from keras_dl.figures import plain, save_figure

COLUMNS = 4
COLOURS = [f"C{number}" for number in range(10)]
"""of the classes, in turns"""


def draw_boxes(axes: Axes, objects: Objects, class_names: Sequence[str], **style) -> None:
    """The boxes of `objects`, pads left out, on the picture that `axes` show.

    Each has the colour of its class, and with "scores" a label above it; `style` is that of the lines.
    """
    for place in np.flatnonzero(np.asarray(objects["labels"]) >= 0):
        left, top, right, bottom = np.asarray(objects["boxes"][place]) - 0.5  # a pixel is drawn around its number
        label = int(objects["labels"][place])
        colour = COLOURS[label % len(COLOURS)]
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, **style))
        if "scores" in objects:
            text = f"{plain(class_names[label])} {objects['scores'][place]:.2f}"
            axes.text(
                left,
                max(top, 0.0),
                text,
                fontsize=6,
                color="white",
                verticalalignment="bottom",
                bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
                clip_on=True,
            )


def draw_detections(
    pictures: np.ndarray,
    found: Sequence[Objects],
    wanted: Sequence[Objects],
    class_names: Sequence[str],
    path: Path,
    title: str,
) -> None:
    """`pictures` (n, height, width, 1 or 3), values 0..255, in a grid: what was found, and dotted what is true."""
    rows = math.ceil(len(pictures) / COLUMNS)
    columns = min(COLUMNS, len(pictures))
    figure = Figure(figsize=(3.2 * columns, 3.2 * rows + 0.4), layout="constrained")
    figure.suptitle(plain(title))
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.set_axis_off()
    for axes, picture, answers, truth in zip(figure.axes, pictures, found, wanted, strict=False):
        axes.imshow(picture.squeeze().clip(0, 255) / 255, cmap="gray", vmin=0, vmax=1)
        draw_boxes(axes, {"boxes": truth["boxes"], "labels": truth["labels"]}, class_names, linestyle=":", linewidth=1)
        draw_boxes(axes, answers, class_names, linewidth=1.5)
    save_figure(figure, path)
