"""Texts as sentences: one long text line by line, and pairs of sentences of which the second follows or not."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError

FOLLOWS = "follows"
"""the column that tells whether the second text follows the first"""
ANSWERS = ("yes", "no")
"""in the order of the published networks"""
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
SEED = 0


def texts_alone(data: Data) -> Data:
    """`data` of its one column of texts alone; one long text becomes its lines, those that hold something.

    Raises `UsageError` for more texts.
    """
    names = [name for name, column in data.spec.columns.items() if column.kind == "text"]
    if len(names) != 1:
        raise UsageError(f"one column of texts is wanted, {data.spec.name} has {', '.join(names)}")
    one = len(data.train) == 1
    return _of(data, {"text": Column(kind="text")}, lambda texts: {"text": _lines(texts) if one else texts}, names[0])


def in_a_row(data: Data) -> Data:
    """`data` of texts alone as pairs of sentences, and the column `FOLLOWS`: of one half the second follows the first.

    Sentences are lines, and within a line what ends in a stop; of the other half the second is one of any text, drawn
    with equal chance. Which half it is and what is drawn is decided for all times. Raises `UsageError` for texts of one
    sentence each.
    """
    columns = {name: Column(kind="text") for name in ("text", "second_text")}
    columns[FOLLOWS] = Column(kind="class", class_names=ANSWERS)
    return _of(data, columns, lambda texts: _pairs(texts, data.spec.name), "text")


def _pairs(texts: np.ndarray, name: str) -> dict[str, np.ndarray]:
    runs = [[part.strip() for part in _ENDS.split(text) if part.strip()] for text in texts]
    first = [sentence for run in runs for sentence in run[:-1]]
    second = [sentence for run in runs for sentence in run[1:]]
    if len(first) < 2:
        raise UsageError(f"the texts of {name} have one sentence each: nothing follows; leave next_sentence out")
    generator = np.random.default_rng(SEED)
    other = generator.permutation(len(first)) % 2
    every = np.array([sentence for run in runs for sentence in run], object)
    drawn = every[generator.integers(0, len(every), len(first))]
    return {
        "text": np.array(first, object),
        "second_text": np.where(other == 1, drawn, np.array(second, object)),
        FOLLOWS: other,
    }


def _lines(texts: np.ndarray) -> np.ndarray:
    return np.array([line.strip() for text in texts for line in text.splitlines() if line.strip()], object)


def _of(data: Data, columns: dict[str, Column], make, name: str) -> Data:
    """`data` whose splits are what `make` makes of their texts, the column called `name`."""
    splits = {}
    for split in SPLITS:
        part = getattr(data, split)
        splits[split] = dataclasses.replace(part, columns=make(part.columns[name].values), drawn=None)
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, columns=columns), **splits)
