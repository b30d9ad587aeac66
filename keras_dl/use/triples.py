"""Triples of a knowledge graph, "head relation tail", of which the head or the tail may be asked for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_dl import names
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError

ASKED = "?"


def read_triples(places: Sequence[Any], column: Column) -> tuple[list[str], np.ndarray]:
    """What each triple is called, and all of them as the numbers of the `column`, (n, 3) int32, -1 for what is asked.

    A triple is the place itself, or each line of a .txt file: three names with tabs between them, or blanks where none
    of them has any. Raises `UsageError` for other texts, and for names that the network does not know.
    """
    sources = [source for place in places for source in _lines(place)]
    known = (column.class_names, column.names)
    entities, relations = ({name: place for place, name in enumerate(names)} for names in known)
    rows = []
    for source in sources:
        parts = [part.strip() for part in (source.split("\t") if "\t" in source else source.split())]
        if len(parts) != 3 or parts[1] == ASKED or parts.count(ASKED) > 1:
            raise UsageError(f'a triple is "head relation tail", with ? for the head or the tail, got {source!r:.60}')
        named = zip(parts, (entities, relations, entities), strict=True)
        rows.append([-1 if part == ASKED else _number(part, numbers) for part, numbers in named])
    if not rows:
        raise UsageError("there is no triple to be answered")
    return sources, np.array(rows, "int32")


def _lines(place: Any) -> list[str]:
    if not isinstance(place, str | os.PathLike) or not os.fspath(place):
        raise UsageError(f"an input must be a triple, or the path of a .txt file of them, got {place!r:.60}")
    if not os.fspath(place).endswith(".txt"):
        return [os.fspath(place)]
    file: Path = names.expanded(place)
    try:
        return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _number(name: str, known: dict[str, int]) -> int:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise UsageError(f"the model has never seen {name!r:.60}{hint}")
    return known[name]
