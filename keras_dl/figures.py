"""Pictures of results, as files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from keras_dl import storage
from keras_dl.errors import shown
from keras_dl.names import note


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` as a PNG in one step."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    storage.write(path, picture.getvalue())


@contextlib.contextmanager
def only_a_note(what: str) -> Iterator[None]:
    """Within it a picture `what` that cannot be drawn costs a note, not the work that it shows."""
    try:
        yield
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        note(f"{what} could not be drawn: {type(error).__name__}: {reason}")


def plain(name: str) -> str:
    """A name of the user as matplotlib draws it letter by letter: `$` would begin a formula."""
    return shown(name).replace("$", r"\$")
