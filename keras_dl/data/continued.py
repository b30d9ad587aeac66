"""Texts for networks that tell the next token: windows of one long text, or many texts, each from its beginning."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.sources import Ragged, Windows
from keras_dl.data.spec import Column, Spec
from keras_dl.data.tokenized import TOKENS, tell_cut, vocabulary_of
from keras_dl.data.vocabulary import Pieces, Vocabulary
from keras_dl.data.vocabulary_files import read_vocabulary
from keras_dl.errors import UsageError

FOLLOWING = "following"
"""the column of the tokens that come right after those of the window"""
NOTHING = -1
"""where there is no token"""


def continued(
    data: Data,
    length: int,
    *,
    pieces: Pieces,
    size: int | None = None,
    file: str | None = None,
    like: Spec | None = None,
) -> Data:
    """`data` of texts, the column "text", as two columns of token ids: `length` of them, and the `FOLLOWING` ones.

    Where the training split is one text, example i is its tokens from i * `length` on, and as many follow, so that a
    window may begin at any of them; the last ones are padded. Of many texts each is an example, with tokens of the
    beginning and the end around it and one token that follows; a notice tells how many are cut. Pads are `NOTHING`, as
    each id can be a token of a text. Other columns are left out. The vocabulary is that of `like`, as is the number of
    tokens that follow, else that of the `file` with its own ids, or as `vocabulary_of` makes it. Raises `UsageError`
    for wordpiece, which does not give texts back as they were.
    """
    texts = data.train.columns["text"].values
    one = len(texts) == 1
    if like is None:
        vocabulary = read_vocabulary(file) if file else vocabulary_of(data, "text", pieces=pieces, size=size)
        if vocabulary.pieces == "wordpiece":
            raise UsageError("wordpiece does not give texts back as they were; networks that write take bpe")
        following = length if one else 1
    else:
        vocabulary = Vocabulary.from_json(like.columns[TOKENS].vocabulary)
        following = like.columns[FOLLOWING].shape[0]
    splits, lengths = {}, []
    for name in SPLITS:
        split = getattr(data, name)
        ids = vocabulary.encode_ragged(split.columns["text"].values, bounded=not one)
        lengths += map(len, ids)
        columns = _windows(np.concatenate(ids), length, following) if one else _texts(ids, length, following)
        splits[name] = dataclasses.replace(split, columns=columns, shape=(length,))
    tokens = Column(
        kind="tokens", shape=(length,), classes=len(vocabulary), vocabulary=vocabulary.to_json(), bounded=not one
    )
    columns = {TOKENS: tokens, FOLLOWING: Column(kind="tokens", shape=(following,), classes=len(vocabulary))}
    notices = data.notices if one else (*data.notices, *tell_cut(lengths, length + 1))
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, columns=columns), notices=notices, **splits)


def _windows(ids: np.ndarray, length: int, following: int) -> dict[str, Windows]:
    """All tokens of `ids` (n,) but the first follow one of a window; pads stand behind the last."""
    count = max(1, -(-(len(ids) - 1) // length))
    padded = np.full((count + 1) * length, NOTHING, "int32")
    padded[: len(ids)] = ids
    return {
        TOKENS: Windows(padded[:-length], length, stride=length),
        FOLLOWING: Windows(padded[length:], following, stride=length),
    }


def _texts(ids: list[np.ndarray], length: int, following: int) -> dict[str, Ragged]:
    return {
        TOKENS: Ragged.of([one[:length] for one in ids], most=length, fill=NOTHING),
        FOLLOWING: Ragged.of([one[length : length + 1] for one in ids], most=following, fill=NOTHING),
    }
