"""Published files and how they come to this computer."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.client
import os
from pathlib import Path

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.weights.download import NotWhole, download


@dataclasses.dataclass(frozen=True, kw_only=True)
class Published:
    """A file of weights that others have trained."""

    url: str
    """where it is published"""
    md5: str | None = None
    """hash of the file, where the publisher states one"""

    @property
    def path(self) -> Path:
        """Where it is kept: in the folder of keras.applications' files, under its own name or its repository's."""
        *_, repository, _resolve, _revision, name = self.url.split("/")
        home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
        return home / "models" / (f"{repository}.safetensors" if name == "model.safetensors" else name)

    @property
    def hash_path(self) -> Path:
        """Where the SHA-256 is kept that the file had when it was first found whole, if no publisher states a hash."""
        return self.path.with_name(f"{self.path.name}.sha256")


def fetch(published: Published, config: Config) -> Path:
    """The local path of a published file, downloaded at the first use; under its name it is complete or not there.

    It has the hash that its publisher states. Where none is stated it has the length that the server announced and the
    structure of its kind, and the hash that it had when first seen. Raises `UsageError` when it cannot be had, with
    what to fetch, its size and hash, and where to put it.
    """
    from keras_dl.catalogue.describe import describe

    path, state = published.path, "the file"
    if path.is_file():
        try:
            _check(path, published)
            return path
        except NotWhole:
            state = f"{path} is damaged and"
    size = describe(config).weight_bytes
    wanted = f"about {size / 1e6:,.0f} MB, md5 {published.md5 or 'not published'}"
    try:
        with storage.replacing(path) as file:
            download(published.url, file, most=8 * size + 2**20)
            file.flush()
            found = _first_hash(Path(f"/dev/fd/{file.fileno()}"), published)
        _keep(found, published)
    except NotWhole as reason:
        words = f"what {published.url} sends is not the file that was published ({reason}; {wanted})"
        raise UsageError(words) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise UsageError(
            f"{state} cannot be downloaded ({reason}); fetch {published.url} ({wanted}) and put it at {path}"
        ) from None
    return path


def _check(path: Path, published: Published) -> None:
    """Raise `NotWhole` unless the file `path` has the hash that is known; where none is, keep that of a whole file."""
    if published.md5 is not None or not published.hash_path.is_file():
        _keep(_first_hash(path, published), published)
    elif published.hash_path.read_bytes().split()[:1] != [_hash(path, "sha256").encode()]:
        raise NotWhole("its hash is another than when it was first loaded")


def _first_hash(path: Path, published: Published) -> str:
    """The hash of a file never seen before. Raises `NotWhole` if it is not the published one, or for its structure."""
    from keras_dl.weights import keras_files, safetensors_files

    if published.md5 is not None:
        if (found := _hash(path, "md5")) != published.md5:
            raise NotWhole("its hash is another")
        return found
    try:
        (keras_files.check_whole if published.path.suffix == ".h5" else safetensors_files.table)(path)
    except UsageError as error:
        raise NotWhole(str(error).partition(": ")[2]) from None
    return _hash(path, "sha256")


def _keep(found: str, published: Published) -> None:
    """Keep the hash of a file that has no published one; a cache that cannot be written to does without."""
    if published.md5 is not None:
        return
    with contextlib.suppress(OSError):
        storage.write(published.hash_path, f"{found}  {published.path.name}\n")


def _hash(path: Path, kind: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()
