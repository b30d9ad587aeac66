"""Heat maps as pictures."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes


def draw_map(axes: Axes, values: np.ndarray):
    """Draw one map (height, width) or (height, width, channels) on `axes`, channels summed; returns what was drawn.

    Red speaks for the class, blue against it, white is 0; the darkest colour is the map's largest magnitude.
    """
    values = values if values.ndim == 2 else values.sum(axis=-1)
    largest = np.abs(values).max() or 1.0
    drawn = axes.imshow(values / largest, cmap="seismic", vmin=-1, vmax=1)
    axes.set(xticks=[], yticks=[])
    return drawn
