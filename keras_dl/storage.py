"""All durable writing: a file is complete under its name or not there, and a manifest knows every file's hash."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from keras_dl.errors import UsageError

MANIFEST = "manifest.json"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` in one step when the block ends: synced to disk, then renamed.

    Whatever happens, `path` holds either the old content or the new. Raises `OSError` (a full disk, no permission).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write(path: Path, content: bytes | str) -> Path:
    """Replace `path` by `content` in one step, as `replacing` does."""
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return path


def write_json(path: Path, value: Any) -> Path:
    return write(path, json.dumps(value, indent=2) + "\n")


def append_line(path: Path, value: Any) -> None:
    """Append `value` as a line of JSON, synced to disk before returning; a line cut off by a crash is dropped first."""
    with open(path, "a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(value).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[Any]:
    """The JSON lines of `path`, none if there is no such file; a last line cut off by a crash is left out."""
    if not path.exists():
        return []
    *complete, _cut_off = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in complete]


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed process left in `folder`."""
    for path in folder.glob(".*.tmp"):
        path.unlink()


def fingerprint(path: Path) -> dict[str, Any]:
    """The size in bytes and the SHA-256 of a file."""
    with open(path, "rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def write_manifest(folder: Path, **extra: Any) -> None:
    """Record the fingerprint of every file of `folder`, beside the entries `extra`, and so declare it complete."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    write_json(folder / MANIFEST, {**extra, "files": {path.name: fingerprint(path) for path in files}})


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of `folder`, once every file it names has been found with its size and hash.

    Raises `UsageError` that names the first file that is missing or damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"{folder} is not complete: it has no {MANIFEST}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is damaged: {error}") from error
    for name, expected in files.items():
        file = folder / name
        if Path(name).name != name or not file.is_file() or file.is_symlink():
            raise UsageError(f"{folder} lacks the file {name!r} of its manifest")
        if fingerprint(file) != expected:
            raise UsageError(f"{file} is damaged: its size or SHA-256 is not the one in the manifest")
    return manifest


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
