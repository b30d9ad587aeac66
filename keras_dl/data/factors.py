"""Pictures whose factors are known: a digit, where it stands, and how bright it is."""

from __future__ import annotations

import numpy as np

from keras_dl.data.split import Split
from keras_dl.errors import UsageError

FACTORS = {"digit": 10, "column": 3, "row": 3, "brightness": 3}
"""what varies in a picture by itself, and how many values it has"""
STEPS = (3, 1)
"""pixels between two columns, and two rows: factors of one size could not be told apart by any direction"""
LEVELS = (0.4, 0.7, 1.0)


def placed_digits(split: Split, copies: int, seed: int) -> tuple[Split, np.ndarray]:
    """Pictures of digits on larger, dark ones, and the factors of each, (n, 4) whole numbers as `FACTORS` has them.

    Each of the gray pictures of `split` comes so many times, at places and with a brightness drawn by `seed`; the label
    is still the digit. Raises `UsageError` for other pictures.
    """
    pictures = split.inputs()
    if pictures.shape[-1] != 1 or split.labels.max() >= FACTORS["digit"]:
        raise UsageError(f"gray pictures of ten classes are wanted, got {pictures.shape[1:]}")
    generator = np.random.default_rng(seed)
    pictures, labels = (np.repeat(values, copies, axis=0) for values in (pictures, split.labels))
    count, height, width, _ = pictures.shape
    others = generator.integers(0, 3, (count, 3))
    right, down = STEPS
    canvas = np.zeros((count, height + 2 * down, width + 2 * right, 1), "float32")
    for picture, ground, (column, row, level) in zip(pictures, canvas, others, strict=True):
        place = np.s_[down * row : down * row + height, right * column : right * column + width]
        ground[place] = LEVELS[level] * picture
    return Split({"image": canvas.astype("uint8"), "label": labels}), np.column_stack([labels, others])


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray, bins: int = 20) -> float:
    """How far the factors (n, factors), whole numbers, stand apart in the numbers of `codes` (n, numbers), 0..1.

    Chen et al., "Isolating Sources of Disentanglement in Variational Autoencoders", NeurIPS 2018, section 4.1: the mean
    over the factors of the mutual information with the number that knows it best, less that with the second, over the
    entropy of the factor. Numbers are put into equal `bins` between their least and greatest.
    """
    from sklearn.metrics import mutual_info_score

    edges = [np.linspace(*np.quantile(code, (0, 1)), bins + 1)[1:-1] for code in codes.T]
    binned = [np.digitize(code, edge) for code, edge in zip(codes.T, edges, strict=True)]
    gaps = []
    for factor in factors.T:
        first, second, *_ = sorted((mutual_info_score(factor, code) for code in binned), reverse=True)
        gaps.append((first - second) / mutual_info_score(factor, factor))
    return float(np.mean(gaps))
