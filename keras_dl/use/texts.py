"""The texts that users have, as a network takes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_dl import names
from keras_dl.data.bounded import is_whole, joined
from keras_dl.data.continued import FOLLOWING, NOTHING
from keras_dl.data.sources import Ragged
from keras_dl.data.spec import Spec
from keras_dl.data.tokenized import SEGMENTS, tell_cut
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError, some


def read_texts(places: Sequence[Any], spec: Spec) -> tuple[list[str], dict[str, np.ndarray]]:
    """The token ids of texts for a network of `spec`, by column, and what each is called.

    A text is the place itself, or each line of a .txt file. Those for a network of two texts come in twos. Of what a
    network is to go on with its last tokens are kept, of others the first. Raises `UsageError` for files that cannot be
    read, no text at all, and one that lacks its second.
    """
    name = spec.input
    column, (sources, texts) = spec.columns[name], _texts(places)
    vocabulary, length = Vocabulary.from_json(column.vocabulary), column.shape[0]
    goes_on = FOLLOWING in spec.columns
    if goes_on:
        ids = vocabulary.encode_ragged(texts, bounded=column.bounded)
        ids = [one[:-1] for one in ids] if column.bounded else ids  # its end is to be told
        columns, lengths = {name: [one[-length:] for one in ids]}, [*map(len, ids)]
    elif not is_whole(spec):
        ids = vocabulary.encode_ragged(texts, bounded=column.bounded)
        columns, lengths = {name: ids}, [*map(len, ids)]
    else:
        count = 2 if SEGMENTS in spec.columns else 1
        if len(texts) % count:
            raise UsageError(f"this model reads two texts at a time, the first and the second; got {len(texts)}")
        ids, segments, lengths = joined(vocabulary, [texts[place::count] for place in range(count)], length)
        sources = [" | ".join(sources[place : place + count]) for place in range(0, len(texts), count)]
        columns = {name: ids} if count == 1 else {name: ids, SEGMENTS: segments}
    for notice in tell_cut(lengths, length, "their last " if goes_on else ""):
        names.note(notice)
    fill = NOTHING if goes_on else 0
    found = {key: Ragged.of(values, most=length, fill=fill).values for key, values in columns.items()}
    kept = [key for key, column in spec.columns.items() if column.kind == "text"]  # of which an answer is a part
    return sources, found | {key: np.array(texts[1::2], object) for key in kept}


def _texts(places: Sequence[Any]) -> tuple[list[str], list[str]]:
    """What each text at `places` is called, and the texts."""
    sources, texts = [], []
    for place in places:
        if not isinstance(place, str | os.PathLike) or not os.fspath(place):
            raise UsageError(f"an input must be a text, or the path of a .txt file, got {place!r:.60}")
        if os.fspath(place).endswith(".txt"):
            file = names.expanded(place)
            lines = [line for line in _content(file).splitlines() if line.strip()]
            texts += lines
            sources += [f"{file}:{number}" for number in range(1, len(lines) + 1)]
        else:
            texts.append(os.fspath(place))
            sources.append(os.fspath(place))
    if not texts:
        raise UsageError(f"{some([str(place) for place in places])} holds no text")
    return sources, texts


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
