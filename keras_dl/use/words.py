"""Sums of words, such as "king - man + woman", for networks of word vectors."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_dl.data.spec import Column
from keras_dl.data.vocabulary import UNKNOWN, Vocabulary
from keras_dl.errors import UsageError

SIGNS = {"+": 1, "-": -1}


def read_sums(places: Sequence[Any], column: Column) -> tuple[list[str], np.ndarray]:
    """Each place as ids of words, below 0 where they are taken away, (n, at most the window of the `column`) int32.

    Words and signs have blanks between them; a word without a sign is added. Raises `UsageError` for words that the
    network does not know, and for no words or too many.
    """
    vocabulary = Vocabulary.from_json(column.vocabulary)
    sources = []
    rows = np.zeros((len(places), *column.shape), "int32")
    for place, row in zip(places, rows, strict=True):
        if not isinstance(place, str | os.PathLike):
            raise UsageError(f"an input must be a word or a sum of words, got {place!r:.60}")
        sources.append(os.fspath(place))
        signed = _signed(sources[-1], vocabulary)
        if not 0 < len(signed) <= len(row):
            raise UsageError(f"a sum has 1 to {len(row)} words, got {len(signed)} in {sources[-1]!r:.60}")
        row[: len(signed)] = signed
    return sources, rows


def _signed(text: str, vocabulary: Vocabulary) -> list[int]:
    ids, sign = [], 1
    for piece in text.split():
        if piece in SIGNS:
            sign *= SIGNS[piece]
            continue
        [found] = vocabulary.encode_ragged([piece])
        if len(found) != 1 or found[0] == UNKNOWN:
            near = difflib.get_close_matches(piece.lower(), vocabulary.tokens, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise UsageError(f"the model has no vector of {piece!r:.40}{hint}")
        ids.append(sign * int(found[0]))
        sign = 1
    return ids
