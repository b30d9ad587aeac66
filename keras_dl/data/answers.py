"""Questions whose answers stand in a text, in the form of SQuAD.

Rajpurkar, Zhang, Lopyrev & Liang, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.source import Array
from keras_dl.data.spec import Column
from keras_dl.data.tokenized import SEGMENTS, TOKENS
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

QUESTION, CONTEXT, ANSWERS, SPAN = "question", "context", "answers", "span"


def are_in(builder: tfds.core.DatasetBuilder) -> bool:
    """Whether the examples of `builder` have the features of SQuAD."""
    features = builder.info.features
    if not {QUESTION, CONTEXT, ANSWERS} <= features.keys():
        return False
    inner = getattr(features[ANSWERS], "feature", None)
    return isinstance(inner, tfds.features.FeaturesDict) and {"text", "answer_start"} <= inner.keys()


def read_answers(
    builder: tfds.core.DatasetBuilder,
    splits: dict[str, str],
    notices: Sequence[str],
    validation: float,
    seed: int,
    origin: dict[str, Any],
) -> Data:
    """The questions of all `splits` of `builder`, as `of_answers` makes them; those without an answer are left out."""
    examples, left_out = {}, 0
    for split, found in splits.items():
        rows = [*tfds.as_numpy(builder.as_dataset(split=found))]
        there = [row for row in rows if len(row[ANSWERS]["text"])]
        left_out += len(rows) - len(there)
        examples[split] = [
            (
                row[QUESTION].decode(),
                row[CONTEXT].decode(),
                [text.decode() for text in row[ANSWERS]["text"]],
                int(row[ANSWERS]["answer_start"][0]),
            )
            for row in there
        ]
    if left_out:
        notices = [*notices, f"{left_out:,} questions have no answer and were left out"]
    settings = {"validation": validation, "seed": seed, "notices": notices, "origin": origin}
    return of_answers(examples, name=builder.name, **settings)


def of_answers(examples: dict[str, list[tuple[str, str, list[str], int]]], *, name: str, **settings: Any) -> Data:
    """The data of `examples` by split: question, context, its right answers, and where in it the first of them starts.

    The columns are these but for the last, and "span", (start, stop) of the first answer in characters. `settings` are
    those of `assemble`. Raises `UsageError` for an answer that does not stand there.
    """
    most = max(len(answers) for rows in examples.values() for *_, answers, _ in rows)
    columns = {QUESTION: Column(kind="text"), CONTEXT: Column(kind="text")}
    columns |= {ANSWERS: Column(kind="texts", shape=(most,)), SPAN: Column(kind="span", shape=(2,))}
    parts = {}
    for split, rows in examples.items():
        for _, context, answers, start in rows:
            if context[start : start + len(answers[0])] != answers[0]:
                raise UsageError(f"an answer of {name} does not stand at its place {start}: {answers[0]!r:.60}")
        texts = np.full((len(rows), most), "", object)
        for text, (*_, answers, _) in zip(texts, rows, strict=True):
            text[: len(answers)] = answers
        parts[split] = {
            QUESTION: np.array([row[0] for row in rows], object),
            CONTEXT: np.array([row[1] for row in rows], object),
            ANSWERS: Array(texts),
            SPAN: np.array([(start, start + len(answers[0])) for *_, answers, start in rows]),
        }
    return assemble(parts, columns, name=name, **settings)


def in_tokens(data: Data, texts: Data) -> Data:
    """`data` of joined questions and contexts, with three columns of `texts`, which were joined.

    The context and the answers are as they were; "span" has become the first and the last token of the answer in an
    example of `data`, -1 where it was cut away.
    """
    vocabulary = Vocabulary.from_json(data.spec.columns[TOKENS].vocabulary)
    splits = {}
    for name in SPLITS:
        split, old = getattr(data, name), getattr(texts, name).columns
        places = first_and_count(split.columns[TOKENS].values, split.columns[SEGMENTS].values)
        spans = [
            _in_tokens(vocabulary.offsets(context), first, count, *span)
            for context, (first, count), span in zip(old[CONTEXT].values, places, old[SPAN].values, strict=True)
        ]
        columns = {TOKENS: split.columns[TOKENS], SEGMENTS: split.columns[SEGMENTS]}
        columns |= {CONTEXT: old[CONTEXT], ANSWERS: old[ANSWERS], SPAN: np.array(spans, "int32")}
        splits[name] = dataclasses.replace(split, columns=columns)
    kept = {key: texts.spec.columns[key] for key in (CONTEXT, ANSWERS, SPAN)}
    columns = {key: data.spec.columns[key] for key in (TOKENS, SEGMENTS)} | kept
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, columns=columns), **splits)


def first_and_count(token_ids: np.ndarray, segment_ids: np.ndarray) -> np.ndarray:
    """Where the second text of each example starts, and how many tokens it has without its end: (n, 2)."""
    second = segment_ids == 1
    return np.stack([(~second & (token_ids != 0)).sum(axis=1), second.sum(axis=1) - 1], axis=1)


def _in_tokens(offsets: list[tuple[int, int]], first: int, count: int, start: int, stop: int) -> tuple[int, int]:
    inside = [place for place, (left, right) in enumerate(offsets) if right > start and left < stop]
    if not inside or inside[-1] >= count:
        return -1, -1
    return first + inside[0], first + inside[-1]
