"""Pictures of how a classifier answers: confusions, calibration, its worst mistakes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_dl.figures import plain, save_figure

NUMBERED = 20
"""classes up to which every cell of a confusion matrix holds its number"""
COLUMNS = 6


def draw_confusion(confusion: np.ndarray, class_names: tuple[str, ...], path: Path, title: str) -> None:
    """`confusion` (classes, classes) counts, a row a true class; colours are shares of the row."""
    count = len(class_names)
    side = min(14.0, 2.5 + 0.45 * count)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(title=title, xlabel="answer", ylabel="truth")
    if count <= 60:
        labels = [plain(name) for name in class_names]
        axes.set_xticks(range(count), labels, rotation=90 if max(map(len, labels)) > 2 else 0)
        axes.set_yticks(range(count), labels)
    if count <= NUMBERED:
        for row, column in np.argwhere(confusion):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{confusion[row, column]:,}", ha="center", va="center", color=colour, fontsize=8)
    save_figure(figure, path)


def draw_calibration(confidence: np.ndarray, accuracy: np.ndarray, share: np.ndarray, path: Path, title: str) -> None:
    """Accuracy against confidence, a dot a bin, as large as its share of the examples."""
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="confidence = accuracy")
    axes.plot(confidence, accuracy, color="C0", linewidth=1)
    axes.scatter(confidence, accuracy, s=20 + 600 * share, color="C0", alpha=0.6)
    axes.set(title=title, xlabel="mean confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(-0.02, 1.02))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    save_figure(figure, path)


def draw_mistakes(pictures: np.ndarray, captions: list[str], path: Path, title: str) -> None:
    """`pictures` (n, height, width, 1 or 3), values 0..255, in a grid, each under its caption."""
    rows = math.ceil(len(pictures) / COLUMNS)
    figure = Figure(figsize=(1.9 * COLUMNS, 2.3 * rows + 0.5), layout="constrained")
    figure.suptitle(title)
    for axes in figure.subplots(rows, COLUMNS, squeeze=False).flat:
        axes.set_axis_off()
    for axes, picture, caption in zip(figure.axes, pictures, captions, strict=False):
        axes.imshow(picture.squeeze().clip(0, 255) / 255, cmap="gray", vmin=0, vmax=1)
        axes.set_title(caption, fontsize=8)
    save_figure(figure, path)
