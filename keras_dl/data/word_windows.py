"""Texts as words, each with those around it."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.drawn import Drawn
from keras_dl.data.sources import Chosen, Windows
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.data.vocabulary import PAD, SPECIAL, UNKNOWN, Vocabulary
from keras_dl.errors import UsageError

WINDOW = "window"
"""the column of a word, in the middle, and the words around it"""


class Frequently(Drawn):
    """Examples drawn one by one, with replacement, each as likely as its of `shares` (n,) says."""

    def __init__(self, shares: np.ndarray):
        self._ends = np.cumsum(shares)

    def size(self, most):
        return most

    def batch(self, most, seed, epoch, step):
        places = np.random.default_rng([seed, epoch, step]).random(most) * self._ends[-1]
        return np.minimum(np.searchsorted(self._ends, places, side="right"), len(self._ends) - 1)


def kept(counts: np.ndarray, sample: float | None) -> np.ndarray:
    """The share of each word that stays when frequent ones are thinned out, by its count in the texts: float64.

    sqrt(`sample` / f) of those whose frequency f is above `sample`, all of others (Mikolov et al. 2013, equation 5).
    """
    frequencies = np.asarray(counts, "float64") / max(1, np.sum(counts))
    if sample is None:
        return np.where(frequencies > 0, 1.0, 0.0)
    return np.where(frequencies > 0, np.sqrt(sample / np.maximum(frequencies, sample)), 0.0)


def word_windows(data: Data, reach: int, least: int, sample: float | None, like: Spec | None = None) -> Data:
    """`data` of texts, the first such column, as `WINDOW`: each word with the `reach` before and behind it in its text.

    Words are in small letters. Those of which there are fewer than `least` in the training texts are left out, as if
    they were not there; so are those that `like`, the spec of a trained network, does not know. In training words come
    as often as they are `kept`. Raises `UsageError` where no two words are left.
    """
    name = data.spec.find("text")
    texts = {split: getattr(data, split).columns[name].values for split in SPLITS}
    if like is None:
        vocabulary, counts = frequent_words(texts["train"], least, data.spec.name)
    else:
        column = like.columns[WINDOW]
        vocabulary, counts = Vocabulary.from_json(column.vocabulary), np.array(column.counts)
    width, splits = 2 * reach + 1, {}
    for split in SPLITS:
        ids = [one[one != UNKNOWN] for one in vocabulary.encode_ragged(texts[split])]
        stream = np.full(reach + sum(len(one) + reach for one in ids), PAD, "int32")
        place = reach
        for one in ids:
            stream[place : place + len(one)] = one
            place += len(one) + reach
        words = np.flatnonzero(stream)
        if not len(words):
            raise UsageError(f"the {split} split of {data.spec.name} has no word that the network knows")
        drawn = Frequently(kept(counts, sample)[stream[words]]) if split == "train" else None
        splits[split] = Split({WINDOW: Chosen(Windows(stream, width), words - reach)}, drawn=drawn)
    window = Column(
        kind="tokens",
        shape=(width,),
        classes=len(vocabulary),
        vocabulary=vocabulary.to_json(),
        counts=tuple(counts.tolist()),
    )
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, columns={WINDOW: window}), **splits)


def frequent_words(texts: np.ndarray, least: int, name: str) -> tuple[Vocabulary, np.ndarray]:
    """The words, in small letters, that stand at least so often in `texts`, and how often each id does.

    Raises `UsageError`, calling the texts `name`, where there are fewer than two.
    """
    every = Vocabulary.of(texts, "words", lower=True)
    counts = np.bincount(np.concatenate(every.encode_ragged(texts)), minlength=len(every))
    frequent = int(np.count_nonzero(counts[SPECIAL:] >= least))
    if frequent < 2:
        raise UsageError(f"{name} has {frequent} words that stand there {least} times or more; two are needed")
    vocabulary = dataclasses.replace(every, tokens=every.tokens[:frequent])
    return vocabulary, counts[: len(vocabulary)]
