"""Texts for networks that tell the next token: windows of one long text, or many texts, each from its beginning."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.sources import Ragged, Windows
from keras_dl.data.spec import Column, Spec
from keras_dl.data.tokenized import FREQUENT, TOKENS, tell_cut
from keras_dl.data.vocabulary import PAD, Vocabulary

FOLLOWING = "following"
"""the column of the tokens that come right after those of the window"""


def continued(
    data: Data,
    length: int,
    *,
    pieces: Literal["words", "characters", "bpe"],
    size: int | None = None,
    like: Spec | None = None,
) -> Data:
    """`data` of texts, the column "text", as two columns of token ids: `length` of them, and the `FOLLOWING` ones.

    Where the training split is one text, example i is its tokens from i * `length` on, and as many follow, so that a
    window may begin at any of them; the last ones are padded. Of many texts each is an example, with BEGIN and END
    around it and one token that follows; a notice tells how many are cut. Other columns are left out. The vocabulary of
    `pieces`, of at most `size` tokens, is made of the training texts, or is that of `like`, as is the number of tokens
    that follow.
    """
    texts = data.train.columns["text"].values
    one = len(texts) == 1
    if like is None:
        vocabulary = Vocabulary.of(texts, pieces, size=size or (FREQUENT if pieces == "bpe" else None))
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
    padded = np.full((count + 1) * length, PAD, "int32")
    padded[: len(ids)] = ids
    return {
        TOKENS: Windows(padded[:-length], length, stride=length),
        FOLLOWING: Windows(padded[length:], following, stride=length),
    }


def _texts(ids: list[np.ndarray], length: int, following: int) -> dict[str, Ragged]:
    return {
        TOKENS: Ragged.of([one[:length] for one in ids], most=length),
        FOLLOWING: Ragged.of([one[length : length + 1] for one in ids], most=following),
    }
