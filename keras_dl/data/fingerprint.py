"""Which data a run learns from, as JSON that is kept beside it: data that have changed since are refused.

A fingerprint says where the data come from ("origin"), what the classes are called, and, for each split, how many
examples it has and the SHA-256 of each column: the split itself, whatever seed drew it.
"""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_dl import storage
from keras_dl.errors import UsageError, some

if TYPE_CHECKING:
    from keras_dl.data.dataset import Data

FILE = "data.json"
PLACES = {
    True: "does not fit into memory now, and was held in it; it may go on where there is as much free memory as then",
    False: "fits into memory now, and was read from its files; it may go on where there is as little memory as then",
}
"""what is said where a column is in its files, or is not, other than when the run began"""
LISTED = 10_000
"""files that an origin names; where there are more it holds their number, bytes and hash by folder"""


def keep(data: Data, folder: Path) -> None:
    """Write the fingerprint of `data` into `folder`/data.json, or compare it with the one that is there.

    Raises `UsageError` saying what has changed, and for a file that is damaged.
    """
    file, now = folder / FILE, data.fingerprint()
    if not file.exists():
        storage.write_checked_json(file, now)
        return
    before = storage.read_checked_json(file)
    if any("columns" not in split for split in before.get("splits", {}).values()):
        raise UsageError(f"{file} is of an earlier version, which told the data otherwise; begin a new folder")
    if before != now:
        changes = list(_changes(data.spec.name, before, now))
        raise UsageError(f"the data have changed since the run in {folder} began: {some(changes, '; ')}")


def of_folder(folder: Path, files: Iterable[Path]) -> dict[str, Any]:
    """The origin of the pictures `files` in `folder`: the size of each by class folder and name; see `LISTED`."""
    listing: dict[str, dict[str, int]] = collections.defaultdict(dict)
    for path in sorted(files):
        listing[str(path.parent.relative_to(folder))][path.name] = path.stat().st_size
    if sum(map(len, listing.values())) <= LISTED:
        return {"kind": "a folder", "files": dict(listing)}
    return {"kind": "a folder", "summaries": _summaries({"files": listing})}


def _summaries(origin: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is known of each class folder, however large the folder is."""
    return origin.get("summaries") or {
        name: {
            "pictures": len(sizes),
            "bytes": sum(sizes.values()),
            "sha256": hashlib.sha256(json.dumps(sizes).encode()).hexdigest(),
        }
        for name, sizes in origin["files"].items()
    }


def _changes(name: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """What differs between two fingerprints of the data called `name`: where it is known, of the origin alone."""
    if before["origin"] != now["origin"]:
        yield from _origins(name, before["origin"], now["origin"])
        return
    if before["class_names"] != now["class_names"]:
        yield f"the classes are {some(now['class_names'])}, were {some(before['class_names'])}"
    same = " although the files have the same names and sizes" if now["origin"]["kind"] == "a folder" else ""
    for split, after in now["splits"].items():
        earlier = before["splits"][split]
        if after["examples"] != earlier["examples"]:
            yield f"{split} has {after['examples']:,} examples, had {earlier['examples']:,}"
            continue
        if after["columns"].keys() != earlier["columns"].keys():
            yield f"{split} has the columns {some([*after['columns']])}, had {some([*earlier['columns']])}"
            continue
        different = {name: (found, earlier["columns"][name]) for name, found in after["columns"].items()}
        different = {name: pair for name, pair in different.items() if pair[0] != pair[1]}
        told = False
        for name, (found, old) in different.items():
            if ("in_files" in found) != ("in_files" in old):
                told = True
                yield f"{name} of {split} {PLACES['in_files' in found]}"
            elif (found["shape"], found["dtype"]) != (old["shape"], old["dtype"]):
                told = True
                yield f"{name} of {split} is {found['dtype']} {found['shape']}, was {old['dtype']} {old['shape']}"
        if different and not told:
            yield f"{split} has other {' and '.join(different)}{same}"


def _origins(name: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if before["kind"] != now["kind"]:
        yield f"they come from {now['kind']}, came from {before['kind']}"
    elif now["kind"] == "a folder":
        detailed = "files" in before and "files" in now
        old, new = (origin["files"] if detailed else _summaries(origin) for origin in (before, now))
        for folder in sorted(old.keys() | new.keys()):
            where = f"{name}/{folder}"
            if folder not in new:
                yield f"{where} is gone"
            elif folder not in old:
                yield f"{where} is new"
            else:
                yield from (_files if detailed else _totals)(where, old[folder], new[folder])
    elif (before["name"], before["version"]) != (now["name"], now["version"]):
        yield f"{now['name']} has version {now['version']}, was {before['name']} of version {before['version']}"
    else:
        yield f"{name} has the examples {now['counts']}, had {before['counts']}"


def _files(where: str, old: dict[str, int], new: dict[str, int]) -> Iterator[str]:
    for words, names in (("has", new.keys() - old.keys()), ("lacks", old.keys() - new.keys())):
        if names:
            what = f"{len(names)} {'new ' * (words == 'has')}picture{'s' * (len(names) > 1)}"
            yield f"{where} {words} {what}, {some(sorted(names))}"
    for file in sorted(old.keys() & new.keys()):
        if old[file] != new[file]:
            yield f"{where}/{file} has {new[file]:,} bytes, had {old[file]:,}"


def _totals(where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for key in ("pictures", "bytes"):
        if old[key] != new[key]:
            yield f"{where} has {new[key]:,} {key}, had {old[key]:,}"
            return
    if old != new:
        yield f"{where} has files of other names or sizes"
