"""Boxes in plain numpy, to compare with."""

import numpy as np

PAD = [-1.0] * 4


def random_boxes(*shape, size=100, seed=0):
    """Boxes in a picture of this size, (*shape, 4) float32."""
    generator = np.random.default_rng(seed)
    corner, side = generator.uniform(0, 0.7 * size, (*shape, 2)), generator.uniform(1, 0.5 * size, (*shape, 2))
    return np.concatenate([corner, corner + side], axis=-1).astype("float32")


def overlap(a, b):
    """Intersection over union of two boxes."""
    width, height = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
