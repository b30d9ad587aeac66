"""A word that may be a name or a path: one rule for networks, weights, saved models and data.

A word with a separator is a path: ./word, word/ or /home/word; so is a `Path`. A bare word is a name where the package
knows it and a path where it does not. Where it is both, the name wins and a note says so.
"""

from __future__ import annotations

import functools
import itertools
import os
import reprlib
import sys
from collections.abc import Container
from pathlib import Path

from keras_dl.errors import UsageError, check_place, shown

LONGEST = 1024
"""bytes; no file system has a longer path"""


def is_path(word: str | os.PathLike) -> bool:
    """Whether `word` is written as a path, whatever the package knows by that name."""
    return not isinstance(word, str) or word.startswith("~") or os.sep in word or word in (os.curdir, os.pardir)


def is_name(kind: str, word: str | os.PathLike, names: Container[str]) -> bool:
    """Whether `word` is meant as one of `names`, each of which names a `kind`: "data set", "network" ..

    Prints a note where a file or folder is called so too.
    """
    if is_path(word) or word not in names:
        return False
    if Path(word).exists():
        what = "folder" if Path(word).is_dir() else "file"
        note(f"{word!r} is taken as the {kind} of that name; for the {what} write .{os.sep}{word}")
    return True


def checked(what: str, word: object) -> str | os.PathLike:
    """`word` if it can be a name or a path at all; `what` is what the `UsageError` calls it."""
    text = str(word)
    try:
        possible = isinstance(word, str | os.PathLike) and 0 < len(os.fsencode(text)) <= LONGEST and "\0" not in text
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise UsageError(f"{what} must be a name or a path, got {reprlib.repr(word)}")
    return word


def expanded(path: str | os.PathLike) -> Path:
    """`path` with the home folder that ~ or ~user means in it. Raises `UsageError` where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UsageError(f"{path}: there is no home folder {Path(path).parts[0]}") from None


def new_place(out: str | None, default: str) -> Path:
    """`out`, or the first of `default`, such as "evaluations/{}", with numbers from 1 on, that is not there.

    Raises `UsageError` where `out` is there already.
    """
    if out is None:
        return next(path for n in itertools.count(1) if not (path := Path(default.format(n))).exists())
    check_place("out", out)
    if os.path.exists(out):
        raise UsageError(f"{out} exists; delete it, or choose another place for `out`")
    return Path(out)


@functools.cache
def note(text: str) -> None:
    """Say something that the user did not ask for but should know: one line, once in a process."""
    print(f"note: {shown(text)}", file=sys.stderr)
