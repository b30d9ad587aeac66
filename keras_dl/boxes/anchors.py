"""The boxes that a detector starts from: some at each position of each of its maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ASPECT_RATIOS = (0.5, 1.0, 2.0)
"""height to width; of equal area"""


def anchors(size: tuple[int, int], grids: Sequence[tuple[int, int]], sides: Sequence[int]) -> np.ndarray:
    """Those of all maps of a picture of `size` (height, width), (n, 4) float32: map by map, row by row.

    `grids` are the rows and columns of the maps, `sides` those of the squares on each, in pixels. At every position
    there is one anchor for each of `ASPECT_RATIOS`. As in torchvision their edges are rounded to whole pixels, they are
    centred on the upper left corner of their position, and positions are so many pixels apart as fit a whole number
    of times.
    """
    return np.concatenate([_on_grid(size, grid, side) for grid, side in zip(grids, sides, strict=True)])


def _on_grid(size: tuple[int, int], grid: tuple[int, int], side: int) -> np.ndarray:
    heights = np.sqrt(np.float32(ASPECT_RATIOS))
    widths, heights = side / heights, side * heights
    shapes = np.round(np.stack([-widths, -heights, widths, heights], axis=1) / 2)
    rows, columns = (np.arange(count) * (pixels // count) for pixels, count in zip(size, grid, strict=True))
    y, x = np.meshgrid(rows, columns, indexing="ij")
    centres = np.stack([x, y, x, y], axis=-1)
    return (centres[:, :, None] + shapes).reshape(-1, 4).astype("float32")
