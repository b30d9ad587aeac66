"""Loss and objective over the epochs, as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from keras_dl.figures import save_figure


def plot_curves(rows: list[dict], path: Path, *, title: str, metric: str = "accuracy") -> None:
    """Draw "loss" and `metric` of training and validation, from the rows of `fit`, into a PNG at `path`."""
    metrics = list(dict.fromkeys(name for name in ("loss", metric) if {name, f"val_{name}"} & rows[0].keys()))
    figure = Figure(figsize=(4.5 * len(metrics), 3.5), layout="constrained")
    figure.suptitle(title)
    epochs = [row["epoch"] + 1 for row in rows]
    for axes, name in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in rows[0]:
                axes.plot(epochs, [row[key] for row in rows], marker="o", markersize=3, label=label)
        axes.set(xlabel="epoch", ylabel=name.replace("_", " "))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, path)
