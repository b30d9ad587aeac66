"""Which pictures or recordings a folder holds, by split and class, before any is opened."""

from __future__ import annotations

import collections
import dataclasses
import os
import re
from pathlib import Path
from typing import Any

from keras_dl.data.fingerprint import of_folder
from keras_dl.errors import UsageError, shown, some

SPLIT_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}


@dataclasses.dataclass(frozen=True)
class Sort:
    """Files that are listed: what `one` is called, and the `suffixes` by which they are known."""

    one: str
    suffixes: frozenset[str]

    @property
    def form(self) -> str:
        """How they must lie in a folder."""
        return f"expected <class>/<{self.one}> in it, or <train | validation | test>/<class>/<{self.one}>"


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of each split with their labels, the classes in natural order (2 before 10), notices, and their origin.

    `origin` is that of `Data`.
    """

    files: dict[str, list[tuple[Path, int]]]
    class_names: tuple[str, ...]
    notices: tuple[str, ...]
    origin: dict[str, Any]
    kinds: bool = False
    """whether the classes are two kinds of pictures, none of which belongs to another"""


def list_files(folder: Path, sort: Sort) -> Listing:
    """The files of a `sort` in `folder`/<class>/, or in `folder`/<split>/<class>/ if all its folders are called so.

    Folders called trainA, trainB, testA and testB, as CycleGAN's data have them, hold two kinds, the classes A and B.
    Hidden files do not count; files that are not of this sort are counted by ending in a notice. Raises `UsageError`
    for folders of another form: empty ones, classes that differ between splits, links in circles.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; {sort.form}; tables end in .csv, arrays in .npz")
    roots = {"train": folder}
    folders = _folders(folder, sort)
    splits = [SPLIT_FOLDERS.get(path.name.lower()) for path in folders]
    if "train" in splits and None not in splits:
        roots = dict(zip(splits, folders, strict=True))
        twice = [path.name for path, split in zip(folders, splits, strict=True) if splits.count(split) > 1]
        if twice:
            raise UsageError(f"{folder} has several folders for one split: {some(twice)}")
    ignored: collections.Counter[str] = collections.Counter()
    if kinds := _kinds(folders):
        found = {split: {} for split, _ in kinds.values()}
        for path, (split, kind) in kinds.items():
            found[split][kind], roots[split] = _files(path, sort, ignored), folder
    else:
        found = {split: _classes(root, sort, ignored) for split, root in roots.items()}
    class_names = tuple(found["train"])
    for split, classes in found.items():
        if set(classes) != set(class_names):
            different = some(sorted(set(classes) ^ set(class_names)))
            raise UsageError(f"{roots[split]} and {roots['train']} differ in classes: {different} in only one of them")
    if len(class_names) < 2:
        raise UsageError(f"{folder} has one class, {class_names[0]}; at least 2 are needed")
    files = {
        split: [(path, label) for label, name in enumerate(class_names) for path in classes[name]]
        for split, classes in found.items()
    }
    endings = ", ".join(f"{count} {ending}" for ending, count in sorted(ignored.items()))
    notices = (shown(f"{ignored.total()} files are not {sort.one}s and were ignored: {endings}"),) if ignored else ()
    origin = of_folder(folder, (path for members in files.values() for path, _ in members))
    return Listing(files, class_names, notices, origin, kinds=bool(kinds))


def _kinds(folders: list[Path]) -> dict[Path, tuple[str, str]]:
    """The split and the kind, A or B, that each of the `folders` is called after; nothing if one is not."""
    found = {path: re.fullmatch(r"([a-z]+)([AB])", path.name) for path in folders}
    if not all(match and match[1] in SPLIT_FOLDERS for match in found.values()):
        return {}
    return {path: (SPLIT_FOLDERS[match[1]], match[2]) for path, match in found.items()}


def _folders(root: Path, sort: Sort) -> list[Path]:
    """The folders in `root`, in natural order. Raises `UsageError` where there is anything else than class folders."""
    folders, files = _visible(root)
    loose = [path for path in files if path.suffix.lower() in sort.suffixes]
    if loose:
        raise UsageError(f"{len(loose)} {sort.one}s, such as {loose[0].name}, lie directly in {root}; {sort.form}")
    if not folders:
        raise UsageError(f"{root} {'has no folders' if files else 'is empty'}; {sort.form}")
    twins = [path for path, count in collections.Counter(path.resolve() for path in folders).items() if count > 1]
    if twins:
        raise UsageError(f"several folders in {root} are links to the same folder {twins[0]}")
    return folders


def _classes(root: Path, sort: Sort, ignored: collections.Counter[str]) -> dict[str, list[Path]]:
    """The files of `sort` in each class folder of `root`; other files are counted in `ignored`."""
    return {folder.name: _files(folder, sort, ignored) for folder in _folders(root, sort)}


def _files(folder: Path, sort: Sort, ignored: collections.Counter[str]) -> list[Path]:
    """The files of `sort` in a class `folder`; others are counted in `ignored`."""
    inner, files = _visible(folder)
    if inner:
        raise UsageError(f"{inner[0]} is a folder within the class folder {folder}; {sort.form}")
    found = [path for path in files if path.suffix.lower() in sort.suffixes]
    ignored.update(path.suffix.lower() or path.name for path in files if path.suffix.lower() not in sort.suffixes)
    if not found:
        raise UsageError(f"class {folder.name!r} has no {sort.one}s: {folder} holds none")
    return found


def _visible(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and the files in `folder`, by natural order of names, without hidden ones.

    Raises `UsageError` for dangling links, and for pipes and devices, which could be read without end.
    """
    with os.scandir(folder) as found:
        entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=_natural)
    folders, files = [], []
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink() and not path.exists():
            raise UsageError(f"{path} is a link that leads nowhere or in a circle")
        if not (entry.is_dir() or entry.is_file()):
            raise UsageError(f"{path} is neither a file nor a folder")
        (folders if entry.is_dir() else files).append(path)
    return folders, files


def _natural(entry: os.DirEntry) -> tuple[list[str | int], str]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", entry.name)], entry.name
