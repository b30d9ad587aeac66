"""Texts for networks that read all of it at once: one, or two as one, between the tokens of its beginning and end.

Devlin et al. 2019, "BERT", section 3: the beginning, the first text, an end, the second text, an end. Of texts that are
longer together than the network takes, tokens are cut one by one from the end of the longer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from keras_dl.config import Config
from keras_dl.data.continued import FOLLOWING
from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.sources import Ragged
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.data.tokenized import SEGMENTS, TOKENS, tell_cut, tokenized, vocabulary_of
from keras_dl.data.vocabulary import Pieces, Vocabulary
from keras_dl.errors import UsageError, some


def read_as(
    config: Config,
    data: Data,
    like: Spec | None,
    *,
    pieces: Pieces | None = None,
    size: int | None = None,
    file: str | None = None,
) -> Data:
    """`data` of texts as a network such as `config` reads them: all columns of texts have become token ids.

    The vocabulary is that of `like`, else as `vocabulary_of` makes it, of the network's own pieces by default, which
    are words where it has none. Networks of segments read two texts as one, and get a column of `SEGMENTS` then; for
    these a text is as long as the longest for training, up to what `config` takes. Raises `UsageError` for more texts.
    """
    texts = [name for name, column in data.spec.columns.items() if column.kind == "text"]
    most = 2 if hasattr(config, "segments") else 1
    if len(texts) > most:
        raise UsageError(f"{config.family} reads at most {most} at a time of texts; {data.spec.name} has {some(texts)}")
    if like is None:
        pieces = pieces or getattr(config, "pieces", "words")
        vocabulary = vocabulary_of(data, *texts, pieces=pieces, size=size, file=file)
    else:
        vocabulary = Vocabulary.from_json(like.columns[TOKENS].vocabulary)
    if most == 1:
        return tokenized(data, texts[0], TOKENS, config.length, vocabulary)
    if like is not None and len(texts) != (wanted := 1 + (SEGMENTS in like.columns)):
        raise UsageError(f"the model reads {wanted} at a time of texts; {data.spec.name} has {some(texts)}")
    return _bounded(data, texts, config.length, vocabulary, fixed=like is not None)


def joined(
    vocabulary: Vocabulary, texts: Sequence[Sequence[str]], length: int
) -> tuple[list[np.ndarray], list[np.ndarray], list[int]]:
    """The token ids and the segments, int32, of each of the `texts`, one or two by column, cut to `length`.

    The third are the lengths as they were before. Raises `UsageError` for a length that has no room for a text.
    """
    around = 1 + len(texts)
    if length <= around:
        raise UsageError(f"texts need more than {around} tokens, which stand around them; length is {length}")
    _pad, _unknown, begin, end, *_ = vocabulary.special
    ids, segments, lengths = [], [], []
    for row in zip(*map(vocabulary.encode_ragged, texts), strict=True):
        kept = cut([len(part) for part in row], length - around)
        parts = [np.array([*part[:count], end], "int32") for part, count in zip(row, kept, strict=True)]
        parts[0] = np.array([begin, *parts[0]], "int32")
        ids.append(np.concatenate(parts))
        segments.append(np.repeat(np.arange(len(parts), dtype="int32"), [*map(len, parts)]))
        lengths.append(around + sum(map(len, row)))
    return ids, segments, lengths


def is_whole(spec: Spec) -> bool:
    """Whether the texts of `spec` are joined so, and not for a network that goes on with them."""
    return spec.input == TOKENS and spec.columns[TOKENS].bounded and FOLLOWING not in spec.columns


def cut(lengths: Sequence[int], most: int) -> list[int]:
    """How many tokens stay of one or two texts of `lengths`, so that they are `most` together."""
    *_, last = lengths
    others = sum(lengths[:-1])
    last = min(last, max(most // len(lengths), most - others))
    return [last] if len(lengths) == 1 else [min(others, most - last), last]


def _bounded(data: Data, texts: Sequence[str], most: int, vocabulary: Vocabulary, *, fixed: bool) -> Data:
    """`data` whose columns `texts` have become token ids, `most` of them or, if not `fixed`, as many as are there."""

    def read(split: Split, length: int) -> tuple[list[np.ndarray], list[np.ndarray], list[int]]:
        return joined(vocabulary, [split.columns[text].values for text in texts], length)

    length = most if fixed else min(most, max(read(data.train, most)[2]))
    parts = {name: read(getattr(data, name), length) for name in SPLITS}
    splits = {}
    for name, (ids, segments, _) in parts.items():
        split = getattr(data, name)
        columns = {TOKENS: Ragged.of(ids, most=length)}
        if len(texts) == 2:
            columns[SEGMENTS] = Ragged.of(segments, most=length)
        columns |= {key: column for key, column in split.columns.items() if key not in texts}
        splits[name] = dataclasses.replace(split, columns=columns, shape=(length,))
    tokens = Column(
        kind="tokens", shape=(length,), classes=len(vocabulary), vocabulary=vocabulary.to_json(), bounded=True
    )
    columns = {TOKENS: tokens}
    if len(texts) == 2:
        columns[SEGMENTS] = Column(kind="tokens", shape=(length,), classes=2)
    columns |= {key: column for key, column in data.spec.columns.items() if key not in texts}
    lengths = [one for *_, found in parts.values() for one in found]
    notices = (*data.notices, *tell_cut(lengths, length))
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, columns=columns), notices=notices, **splits)
