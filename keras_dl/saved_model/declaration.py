"""What a saved model declares in its small files, which may come from anybody: read once, bounded, held to be exact."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_dl import storage, strict_json
from keras_dl.catalogue import read_config
from keras_dl.config import Config
from keras_dl.data.spec import Column, Spec
from keras_dl.errors import UsageError
from keras_dl.tasks import from_json, get_task

FORMAT = 1
INPUT, OUTPUT = "input.json", "output.json"
"""the spec of the data that a network takes, and the task that it has learned"""
NEEDED = {"config.json", "contract.json", "weights.safetensors"}
LARGEST_BYTES = 64 * 2**30
LARGEST = {
    storage.MANIFEST: 2**20,
    "config.json": 2**20,
    "contract.json": 64 * 2**20,
    "weights.safetensors": LARGEST_BYTES,
}
LARGEST_OTHER = 64 * 2**20
"""bytes that any other file may have"""
MOST_FILES = 1000


def manifest(folder: Path) -> dict[str, Any]:
    """The manifest of `folder`, its form and the sizes of its files checked, their hashes not yet.

    Raises `UsageError` naming the first thing that is wrong.
    """
    found = strict_json.parse(_content(folder, storage.MANIFEST), folder / storage.MANIFEST)
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict) or len(files) > MOST_FILES:
        raise UsageError(f"{folder / storage.MANIFEST} is damaged: it lists no files, or more than {MOST_FILES}")
    if found.get("format") != FORMAT:
        raise UsageError(f"{folder} has format {found.get('format')!r}; this version reads {FORMAT}")
    if missing := NEEDED - files.keys():
        raise UsageError(f"the manifest of {folder} lacks {', '.join(sorted(missing))}")
    for name, row in files.items():
        match row:
            case {"bytes": int(size), "sha256": str(digest)} if len(row) == 2 and re.fullmatch("[0-9a-f]{64}", digest):
                pass
            case _:
                raise UsageError(f"{folder / storage.MANIFEST} is damaged: {name!r} has no size and SHA-256")
        if not _is_file_name(name):
            raise UsageError(f"the manifest of {folder} names {name[:80]!r}, which is no file in it")
        if (found_size := _size(folder, name)) != size:
            raise UsageError(f"{folder / name} is damaged: it has {found_size:,} bytes, its manifest says {size:,}")
    return found


def contract(folder: Path, files: dict[str, Any]) -> dict[str, Any]:
    """`config`, `class_names`, `facts`, `task` and `spec` of a saved model whose manifest lists `files`.

    Those of before do not say what they have learned and take: the task is then that of the config, and where it tells
    classes of pictures, pixels or numbers so is the spec, which else is None. Raises `UsageError`.
    """
    texts = {}
    for name in ("config.json", "contract.json", *sorted(files.keys() & {INPUT, OUTPUT})):
        texts[name] = _content(folder, name)
        if hashlib.sha256(texts[name]).hexdigest() != files[name]["sha256"]:
            raise UsageError(f"{folder / name} is damaged: its SHA-256 is not the one in the manifest")
    try:
        config = read_config(texts["config.json"].decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{folder / 'config.json'} is damaged: {error}") from None
    match strict_json.parse(texts["contract.json"], folder / "contract.json"):
        case {"class_names": [*names], "facts": dict(facts)} as found if len(found) == 2 and all(
            isinstance(name, str) for name in names
        ):
            pass
        case _:
            raise UsageError(f"{folder / 'contract.json'} is damaged: it has no class_names and facts, or more")
    if names and len(names) != classes_of(config):
        told = classes_of(config)
        raise UsageError(f"{folder / 'contract.json'} names {len(names)} classes, its {config.family} has {told}")
    with _naming(folder / OUTPUT):
        task = from_json(strict_json.parse(texts[OUTPUT], OUTPUT)) if OUTPUT in texts else get_task(config.task)
    with _naming(folder / INPUT):
        spec = Spec.from_json(strict_json.parse(texts[INPUT], INPUT)) if INPUT in texts else _spec(config, names)
    return {"config": config, "class_names": names, "facts": facts, "task": task, "spec": spec}


@contextlib.contextmanager
def _naming(file: Path) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{file} is damaged: {error}") from None


def _spec(config: Config, class_names: list[str]) -> Spec | None:
    """What a network that tells classes of pictures, their pixels, or numbers takes, as its config says."""
    if config.task not in ("classification", "segmentation") or not hasattr(config, "input_shape"):
        return None
    kind = "image" if len(config.input_shape) == 3 else "features"
    shape = config.input_shape if kind == "image" else (math.prod(config.input_shape),)
    names = tuple(class_names) or tuple(map(str, range(classes_of(config))))
    if config.task == "segmentation":
        mask = Column(kind="mask", shape=shape[:2], class_names=names)
        return Spec(name=config.family, columns={"image": Column(kind="image", shape=shape), "mask": mask})
    return Spec.labelled(name=config.family, kind=kind, shape=shape, classes=len(names), class_names=names)


def classes_of(config: Config) -> int:
    """How many classes a network tells: one an output, and two by a single one; 0 for one that tells none."""
    classes = getattr(config, "classes", None)
    return 0 if classes is None else max(2, classes)


def _is_file_name(name: str) -> bool:
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:
        return False
    return 0 < length <= 255 and Path(name).name == name and "\0" not in name


def _content(folder: Path, name: str) -> bytes:
    _size(folder, name)
    return (folder / name).read_bytes()


def _size(folder: Path, name: str) -> int:
    """The bytes of a file in `folder`, which must be one: no link, folder or device, and not beyond its limit."""
    try:
        status = os.lstat(folder / name)
    except OSError:
        kind = "is not complete: it has no" if name == storage.MANIFEST else "lacks the file"
        raise UsageError(f"{folder} {kind} {name}") from None
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{folder / name} is no file but a {_kind(status.st_mode)}, which is not read")
    if status.st_size > (most := LARGEST.get(name, LARGEST_OTHER)):
        raise UsageError(f"{folder / name} has {status.st_size:,} bytes; at most {most:,} are read")
    return status.st_size


def _kind(mode: int) -> str:
    kinds = {stat.S_ISLNK: "link", stat.S_ISDIR: "folder", stat.S_ISFIFO: "pipe", stat.S_ISSOCK: "socket"}
    return next((words for test, words in kinds.items() if test(mode)), "device")
