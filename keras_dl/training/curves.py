"""Loss and accuracy over the epochs, as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from keras_dl.figures import save_figure


def plot_curves(rows: list[dict], path: Path, *, title: str) -> None:
    """Draw "loss" and "accuracy" of training and validation, from the rows of `fit`, into a PNG at `path`."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    figure.suptitle(title)
    epochs = [row["epoch"] + 1 for row in rows]
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for key, label in ((metric, "training"), (f"val_{metric}", "validation")):
            axes.plot(epochs, [row[key] for row in rows], marker="o", markersize=3, label=label)
        axes.set(xlabel="epoch", ylabel=metric)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, path)
