"""All durable writing: what is under its name is complete, and a checksum or a manifest knows what it must hold.

What is being written lies beside its place as `.NAME.RANDOM.tmp`, and a folder that is being replaced as
`.NAME.RANDOM.old`. Their writer holds a lock on them, so that what a killed process left can be told and removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from keras_dl.errors import UsageError

MANIFEST = "manifest.json"
CHECKSUM, LINE_CHECKSUM = "sha256", "crc32"
"""of a file, and of a line of one"""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` in one step when the block ends: synced to disk, then renamed.

    Whatever happens, `path` holds either the old content or the new. Raises `OSError` (a full disk, no permission).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    handle, temporary = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(handle)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `folder` when the block ends: synced to disk, then renamed.

    Whatever happens, the old folder or the new one is complete under its name, or after a kill between two renames the
    old one under the name that `left_behind` tells; the next writer puts it back. Raises `OSError`, and `UsageError`
    before anything is written if `folder` holds what is not of its manifest.
    """
    folder = Path(os.path.realpath(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent, folder.name)
    _check_replaceable(folder)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    old = part.with_suffix(".old")
    with _held(part):
        try:
            part.chmod(0o755)
            yield part
            for path in (*part.rglob("*"), part):
                _sync(path)
            with _held(folder) if folder.exists() else contextlib.nullcontext():
                if folder.exists():
                    os.replace(folder, old)
                os.replace(part, folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            if old.exists() and not folder.exists():
                os.replace(old, folder)
            raise
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def write(path: Path, content: bytes | str) -> Path:
    """Replace `path` by `content` in one step, as `replacing` does."""
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return path


def write_json(path: Path, value: Any) -> Path:
    return write(path, json.dumps(value, indent=2) + "\n")


def write_checked_json(path: Path, value: dict[str, Any]) -> Path:
    """Write `value` as JSON that carries its own SHA-256."""
    return write_json(path, {**value, CHECKSUM: digest(value)})


def read_checked_json(path: Path) -> dict[str, Any]:
    """What `write_checked_json` wrote, without the checksum.

    Raises `UsageError` if the file is missing, is no such JSON, or has been changed.
    """
    value = read_json(path)
    if not isinstance(value, dict) or CHECKSUM not in value:
        raise UsageError(f"{path} is damaged: it has no {CHECKSUM}")
    if value.pop(CHECKSUM) != digest(value):
        raise UsageError(f"{path} is damaged or was edited: its {CHECKSUM} is that of something else")
    return value


def read_json(path: Path) -> Any:
    """The JSON in `path`. Raises `UsageError` if there is none, or if it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is damaged: {error}") from error


def append_line(path: Path, value: Any) -> None:
    """Append `value` as a line of JSON, synced to disk before returning; a line cut off by a crash is dropped first."""
    with open(path, "a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(value).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def first_difference(theirs: Any, ours: Any, name: str = "") -> str | None:
    """Words for the first entry in which two JSON values differ, or None."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            inner = f"{name}.{key}" if name else key
            if difference := first_difference(theirs.get(key), ours.get(key), inner):
                return difference
        return None
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(theirs, ours, strict=True), start=1)
        return next(filter(None, (first_difference(*pair, f"{name}[{n}]") for n, pair in pairs)), None)
    return None if theirs == ours else f"{name or 'header'}={theirs!r}, not {ours!r}"


def append_checked_line(path: Path, row: dict[str, Any]) -> None:
    """Append `row` as `append_line` does, with its checksum."""
    append_line(path, checked_line(row))


def checked_line(row: dict[str, Any]) -> dict[str, Any]:
    """`row` and its checksum."""
    return {**row, LINE_CHECKSUM: zlib.crc32(json.dumps(row).encode())}


def read_checked_lines(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """The rows of `path` whose checksum holds, without it, and the numbers of the other lines; none if it is missing.

    A last line cut off by a crash is neither.
    """
    rows, damaged = [], []
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if row.pop(LINE_CHECKSUM) != checked_line(row)[LINE_CHECKSUM]:
                raise ValueError(line)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            damaged.append(number)
        else:
            rows.append(row)
    return rows, damaged


def read_lines(path: Path) -> list[Any]:
    """The JSON lines of `path`, none if there is no such file; a last line cut off by a crash is left out.

    Raises `UsageError` naming the first line that is damaged.
    """
    if not path.exists():
        return []
    *complete, _cut_off = path.read_bytes().split(b"\n")
    values = []
    for number, line in enumerate(complete, start=1):
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path} is damaged in line {number}: {error}") from error
    return values


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove what killed processes left in `folder`, of all that was written there or of `name` alone.

    A folder that one of them was about to replace gets its name back.
    """
    for path in folder.glob(f".{'*' if name is None else glob.escape(name)}.*.tmp"):
        _remove_unless_held(path)
    for path in left_behind(folder, name):
        place = folder / path.name[1:].rsplit(".", 2)[0]
        if _is_held(path):
            continue
        if place.exists():
            remove(path)
        else:
            os.replace(path, place)


def left_behind(folder: Path, name: str | None = None) -> list[Path]:
    """The folders in `folder`, called `name` if that is given, that a killed process was about to replace."""
    return sorted(folder.glob(f".{'*' if name is None else glob.escape(name)}.*.old"))


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
    manifest = read_json(path)
    try:
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


def _check_replaceable(folder: Path) -> None:
    """Raise `UsageError` where replacing `folder` would lose what its manifest does not name."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; a folder is to be written there")
    names = {path.name for path in folder.iterdir()}
    try:
        known = {MANIFEST, *(name.partition("/")[0] for name in read_json(folder / MANIFEST)["files"])}
    except (UsageError, TypeError, KeyError, AttributeError):
        known = names if MANIFEST in names else set()
    if others := names - known:
        raise UsageError(
            f"{folder} holds {min(others)}, which would be lost if it were replaced; choose another folder"
        )


def digest(value: dict[str, Any]) -> str:
    """The SHA-256 of JSON, in whatever order its keys come."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _temporary(path: Path) -> tuple[int, str]:
    """A new file beside `path`, open and held, and its name; another writer may sweep it before it is held."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        _hold(handle)
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)


def _remove_unless_held(path: Path) -> None:
    """Remove what a killed process left, and hold it meanwhile, so that whoever is about to hold it finds it gone."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(path)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDONLY)
    try:
        _hold(handle)
        yield
    finally:
        os.close(handle)


def _hold(handle: int) -> None:
    """Lock an open file until it is closed; a file system without locks leaves it to the names alone."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)


def _is_held(path: Path) -> bool:
    """Whether a living process holds `path`."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
