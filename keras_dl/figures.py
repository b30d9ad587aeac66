"""Pictures of results, as files that appear whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from keras_dl import storage


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` as a PNG in one step."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    storage.write(path, picture.getvalue())
