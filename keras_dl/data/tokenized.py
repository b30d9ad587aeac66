"""Texts as tokens, by a vocabulary of the training split alone, or by that of a trained network."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.sources import Ragged
from keras_dl.data.spec import Column
from keras_dl.data.vocabulary import Pieces, Vocabulary
from keras_dl.data.vocabulary_files import read_vocabulary
from keras_dl.lazy import tf

TOKENS, MASK, SEGMENTS = "token_ids", "padding_mask", "segment_ids"
FREQUENT = 4000
"""pieces of bpe and wordpiece, where nothing else is said"""


def vocabulary_of(
    data: Data, *names: str, pieces: Pieces, size: int | None = None, file: str | None = None
) -> Vocabulary:
    """The vocabulary of `pieces`, of at most `size` tokens, of the training texts in the columns `names`.

    That of a `file`, as `keras_dl.data.vocabulary_files` reads it, takes its place, with 0 for the pad. Capital letters
    are small for wordpiece.
    """
    if file is not None:
        return read_vocabulary(file).padded_by_zero()
    texts = np.concatenate([data.train.columns[name].values for name in names])
    size = size or (FREQUENT if pieces in ("bpe", "wordpiece") else None)
    return Vocabulary.of(texts, pieces, size=size, lower=pieces == "wordpiece")


def tokenized(
    data: Data,
    name: str,
    into: str,
    length: int,
    vocabulary: Vocabulary,
    *,
    bounded: bool = False,
) -> Data:
    """`data` whose column `name` of texts has become `into`, token ids int32, up to `length` each, padded by 0.

    A notice tells how many texts are cut. With `bounded`, BEGIN and END stand around a text.
    """
    splits, lengths = {}, []
    for split_name in SPLITS:
        split = getattr(data, split_name)
        ids = vocabulary.encode_ragged(split.columns[name].values, bounded=bounded)
        lengths += map(len, ids)
        columns = _renamed(split.columns, name, into, Ragged.of(ids, most=length))
        splits[split_name] = dataclasses.replace(split, columns=columns, shape=next(iter(columns.values())).shape)
    column = Column(
        kind="tokens", shape=(length,), classes=len(vocabulary), vocabulary=vocabulary.to_json(), bounded=bounded
    )
    spec = dataclasses.replace(data.spec, columns=_renamed(data.spec.columns, name, into, column))
    notices = (*data.notices, *tell_cut(lengths, length))
    return dataclasses.replace(data, spec=spec, notices=notices, **splits)


def padded(data: Data, name: str, length: int) -> Data:
    """`data` whose column `name` of token ids is `length` long in all splits; longer texts are cut."""
    splits = {}
    for split_name in SPLITS:
        split = getattr(data, split_name)
        columns = {**split.columns, name: split.columns[name].padded(length)}
        splits[split_name] = dataclasses.replace(split, columns=columns, shape=next(iter(columns.values())).shape)
    column = dataclasses.replace(data.spec.columns[name], shape=(length,))
    spec = dataclasses.replace(data.spec, columns={**data.spec.columns, name: column})
    return dataclasses.replace(data, spec=spec, **splits)


def tell_cut(lengths: list[int], most: int, which: str = "") -> list[str]:
    """A notice where some texts, of so many tokens each, are longer than `most`, `which` are kept."""
    cut = sum(length > most for length in lengths)
    return [f"{cut:,} of {len(lengths):,} texts were cut to {which}{most} tokens"] if cut else []


def _renamed(columns: dict[str, Any], name: str, into: str, value: Any) -> dict[str, Any]:
    return {into if key == name else key: value if key == name else column for key, column in columns.items()}


def with_masks(batch: dict[str, Any]) -> dict[str, Any]:
    """`batch` by column, with a mask for each column of token ids: True where there is a token, False at pads.

    Tokens of one text alone have the segment 0. The mask of a "series" is True up to its last step that is not 0 in all
    numbers.
    """
    masks = {name.replace(TOKENS, MASK): ids != 0 for name, ids in batch.items() if name.endswith(TOKENS)}
    if TOKENS in batch and SEGMENTS not in batch:
        masks[SEGMENTS] = tf.zeros_like(batch[TOKENS])
    if "series" in batch:
        left = tf.cumsum(tf.reduce_sum(abs(batch["series"]), axis=-1), axis=1, reverse=True)
        masks[MASK] = left > 0
    return {**batch, **masks}
