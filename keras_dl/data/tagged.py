"""Sentences whose words have a tag each, such as their part of speech."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.source import Array
from keras_dl.data.sources import Ragged
from keras_dl.data.spec import Column
from keras_dl.data.tokenized import TOKENS, tell_cut
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

WORDS, TAGS = "words", "tags"


def tags_in(builder: tfds.core.DatasetBuilder) -> list[str]:
    """The features of `builder` that tag the words of its one list of texts; none where there is no such list."""
    lists = {
        key: feature.feature
        for key, feature in builder.info.features.items()
        if isinstance(feature, tfds.features.Sequence)
    }
    texts = [key for key, inner in lists.items() if isinstance(inner, tfds.features.Text)]
    return [key for key, inner in lists.items() if isinstance(inner, tfds.features.ClassLabel) and len(texts) == 1]


def read_tagged(builder: tfds.core.DatasetBuilder, target: str, splits: dict[str, str], **settings: Any) -> Data:
    """The words of all `splits` of `builder` with their tags, the feature `target`; `settings` are of `of_words`."""
    features = builder.info.features
    key = next(
        name
        for name, feature in features.items()
        if isinstance(feature, tfds.features.Sequence) and isinstance(feature.feature, tfds.features.Text)
    )
    examples = {
        split: [
            ([word.decode() for word in row[key]], row[target].tolist())
            for row in tfds.as_numpy(builder.as_dataset(split=found))
        ]
        for split, found in splits.items()
    }
    return of_words(examples, tuple(features[target].feature.names), name=builder.name, **settings)


def of_words(
    examples: dict[str, list[tuple[list[str], list[int]]]], tags: tuple[str, ...], *, name: str, **settings: Any
) -> Data:
    """The data of `examples` by split, the words of each and the numbers of their `tags`; `settings` of `assemble`."""
    most = max(len(words) for rows in examples.values() for words, _ in rows)
    columns = {
        WORDS: Column(kind="texts", shape=(most,)),
        TAGS: Column(kind="classes", shape=(most,), class_names=tags),
    }
    parts = {}
    for split, rows in examples.items():
        texts, numbers = np.full((len(rows), most), "", object), np.full((len(rows), most), -1)
        for place, (words, found) in enumerate(rows):
            texts[place, : len(words)], numbers[place, : len(words)] = words, found
        parts[split] = {WORDS: Array(texts), TAGS: numbers}
    return assemble(parts, columns, name=name, **settings)


def texts_of(data: Data) -> np.ndarray:
    """The sentences for training, their words with blanks between them, str (n,)."""
    words = data.train.columns[WORDS].values
    return np.array([" ".join(word for word in row if word) for row in words], object)


def in_tokens(data: Data, vocabulary: Vocabulary, most: int, *, fixed: bool) -> Data:
    """`data` of words as token ids, up to `most` or, if not `fixed`, as many as the longest for training has.

    A tag is that of the first token of its word; all other tokens have -1.
    """
    found = {name: _joined(getattr(data, name).columns, vocabulary) for name in SPLITS}
    length = most if fixed else min(most, max(map(len, found["train"][0])))
    end = vocabulary.special[3]
    splits, lengths = {}, []
    for name, (ids, tags) in found.items():
        lengths += map(len, ids)
        ids = [one if len(one) <= length else np.append(one[: length - 1], end) for one in ids]
        tags = [one if len(one) <= length else np.append(one[: length - 1], -1) for one in tags]
        columns = {
            TOKENS: Ragged.of([one.astype("int32") for one in ids], most=length),
            TAGS: Ragged.of(tags, most=length, fill=-1),
        }
        splits[name] = dataclasses.replace(getattr(data, name), columns=columns, shape=(length,))
    tokens = Column(
        kind="tokens", shape=(length,), classes=len(vocabulary), vocabulary=vocabulary.to_json(), bounded=True
    )
    columns = {TOKENS: tokens, TAGS: dataclasses.replace(data.spec.columns[TAGS], shape=(length,))}
    notices = (*data.notices, *tell_cut(lengths, length))
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, columns=columns), notices=notices, **splits)


def _joined(columns: Any, vocabulary: Vocabulary) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The token ids of each sentence between its beginning and end, and their tags."""
    _pad, _unknown, begin, end, *_ = vocabulary.special
    ids, tags = [], []
    for words, numbers in zip(columns[WORDS].values, columns[TAGS].values, strict=True):
        pieces = vocabulary.encode_ragged([word for word in words if word])
        own = [[tag, *[-1] * (len(part) - 1)][: len(part)] for part, tag in zip(pieces, numbers, strict=False)]
        ids.append(np.concatenate([[begin], *pieces, [end]]))
        tags.append(np.concatenate([[-1], *own, [-1]]).astype("int64"))
    return ids, tags
