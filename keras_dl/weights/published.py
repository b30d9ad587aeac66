"""Published files and how they come to this computer."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import urllib.request
from pathlib import Path

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Published:
    """A file of weights that others have trained."""

    url: str
    """where it is published"""
    md5: str | None = None
    """hash of the file, where the publisher states one"""
    bgr: bool = False
    """whether it was trained on pixels in the order blue, green, red"""

    @property
    def path(self) -> Path:
        """Where it is kept: in the folder of keras.applications' files, under its own name or its repository's."""
        *_, repository, _resolve, _revision, name = self.url.split("/")
        home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
        return home / "models" / (f"{repository}.safetensors" if name == "model.safetensors" else name)


def fetch(published: Published, config: Config) -> Path:
    """The local path of a published file, downloaded at the first use; under its name it is complete or not there.

    Raises `UsageError` when it cannot be had, with what to fetch, its size and hash, and where to put it.
    """
    from keras_dl.describe import describe

    path = published.path
    damaged = path.is_file() and not _is_whole(path, published)
    if path.is_file() and not damaged:
        return path
    wanted = f"about {describe(config).weight_bytes / 1e6:,.0f} MB, md5 {published.md5 or 'not published'}"
    try:
        with storage.replacing(path) as file:
            with urllib.request.urlopen(published.url, timeout=30) as response:
                shutil.copyfileobj(response, file)
            file.flush()
            if not _is_whole(Path(file.name), published):
                raise UsageError(f"what {published.url} sends is not the file that was published ({wanted})")
    except OSError as error:
        state = f"{path} is damaged and" if damaged else "the file"
        reason = getattr(error, "reason", error)
        raise UsageError(
            f"{state} cannot be downloaded ({reason}); fetch {published.url} ({wanted}) and put it at {path}"
        ) from error
    return path


def _is_whole(path: Path, published: Published) -> bool:
    if published.md5 is None:
        return True
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == published.md5
