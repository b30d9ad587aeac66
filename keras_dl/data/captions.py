"""Pictures with several captions each, as the token ids of these."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.spec import Column, Spec
from keras_dl.data.tokenized import tell_cut
from keras_dl.data.vocabulary import PAD, Vocabulary
from keras_dl.data.word_windows import frequent_words
from keras_dl.errors import UsageError

TARGET = "target_token_ids"
"""the column of the first caption; those of others are called 2_target_token_ids and so on"""


def with_captions(data: Data, length: int, least: int, like: Spec | None = None) -> Data:
    """`data` whose column of several texts has become one of token ids for each, up to `length`, BEGIN and END too.

    Words are in small letters; those that stand fewer than `least` times in the training captions are unknown, or those
    that `like`, the spec of a trained network, does not know. Where there are fewer captions the ids are all pads.
    Other columns but the first are left out. Raises `UsageError` where a picture has no caption.
    """
    name = data.spec.find("texts")
    texts = {split: getattr(data, split).columns[name].values for split in SPLITS}
    if like is None:
        vocabulary, _ = frequent_words(texts["train"].ravel(), least, data.spec.name)
    else:
        vocabulary = Vocabulary.from_json(like.columns[TARGET].vocabulary)
    count, lengths, splits = data.spec.columns[name].shape[0], [], {}
    keys = [TARGET if place == 0 else f"{place + 1}_{TARGET}" for place in range(count)]
    for split_name in SPLITS:
        split, columns = getattr(data, split_name), {}
        columns[data.spec.input] = split.columns[data.spec.input]
        for place, key in enumerate(keys):
            given = texts[split_name][:, place]
            if place == 0 and not all(given):
                raise UsageError(f"a picture in the {split_name} split of {data.spec.name} has no caption")
            ids = vocabulary.encode_ragged(given, bounded=True)
            lengths += [len(one) for one, text in zip(ids, given, strict=True) if text]
            rows = columns[key] = np.full((len(ids), length), PAD, "int32")
            for row, one, text in zip(rows, ids, given, strict=True):
                row[: len(one)] = one[:length] if text else PAD
        splits[split_name] = dataclasses.replace(split, columns=columns)
    tokens = Column(
        kind="tokens", shape=(length,), classes=len(vocabulary), vocabulary=vocabulary.to_json(), bounded=True
    )
    others = dataclasses.replace(tokens, vocabulary=None)
    columns = {data.spec.input: data.spec.columns[data.spec.input], TARGET: tokens, **dict.fromkeys(keys[1:], others)}
    spec = dataclasses.replace(data.spec, columns=columns)
    return dataclasses.replace(data, spec=spec, notices=(*data.notices, *tell_cut(lengths, length)), **splits)
