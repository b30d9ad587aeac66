"""Questions about a text, each with a sentence that misleads: it answers another question that sounds alike.

Jia & Liang, "Adversarial Examples for Evaluating Reading Comprehension Systems", EMNLP 2017, section 3.3: names,
numbers and such words of the question are changed, and it becomes a sentence with a false answer of the same kind; a
person who reads the text is not misled. There people have put the sentences right; here rules alone make them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Self

import numpy as np

from keras_dl.data.answers import ANSWERS, CONTEXT, QUESTION, SPAN
from keras_dl.data.split import Split
from keras_dl.errors import UsageError

_ASKING = re.compile(r"\b(what|which|who|whom|where|when|why|how (?:many|much|long|old|far|high)|how)\b", re.IGNORECASE)
_WORD = re.compile(r"\d[\d,.]*\d|\w[\w'-]*")


@dataclasses.dataclass(frozen=True)
class Misled:
    """A question whose first of the right `answers` starts at `start` of the `context`, and what misleads.

    The `distractor` is a sentence that may be added to the context; it holds the answer `false`.
    """

    question: str
    context: str
    answers: tuple[str, ...]
    start: int
    distractor: str
    false: str

    @property
    def row(self) -> tuple[str, str, list[str], int]:
        """As `keras_dl.data.answers.of_answers` takes it, the context as it is."""
        return self.question, self.context, [*self.answers], self.start

    def with_distractor(self, *, front: bool = False) -> Self:
        """The same with the sentence behind the context, or in front of it."""
        if front:
            context, start = f"{self.distractor} {self.context}", self.start + len(self.distractor) + 1
        else:
            context, start = f"{self.context} {self.distractor}", self.start
        return dataclasses.replace(self, context=context, start=start)


def misled(splits: Sequence[Split], seed: int) -> list[Misled]:
    """The questions of `splits` in the form of SQuAD, each with a sentence drawn by `seed`.

    Names, words that no text has without their capital letter, and numbers of a question become those of others, and
    its first word that asks becomes the answer to another question, one that asks in the same way where a text has
    one. Questions without names or numbers are left out: with the same words they would be the same. Raises
    `UsageError` for other data.
    """
    if any(not {QUESTION, CONTEXT, ANSWERS, SPAN} <= {*split.columns} for split in splits):
        raise UsageError("questions with answers in a text are wanted, such as facts or xquad/en")
    columns = [[split.columns[name].values for split in splits] for name in (QUESTION, CONTEXT, ANSWERS, SPAN)]
    questions, contexts, answers, spans = map(np.concatenate, columns)
    common = {word for context in contexts for word in _WORD.findall(context) if word[0].islower()}
    names: dict[str, dict[str, None]] = {}
    for word in (word for question in questions for word in _WORD.findall(question)):
        if not (word[0].islower() or word.lower() in common or _ASKING.fullmatch(word)):
            names.setdefault(_kind(word), {})[word] = None
    alike = {kind: [*words] for kind, words in names.items()}
    asked: dict[tuple[str, str], list[str]] = {}
    for question, row in zip(questions, answers, strict=True):
        asked.setdefault(_asking(question, row[0]), []).append(row[0])
    generator, found = np.random.default_rng(seed), []

    def changed(match: re.Match) -> str:
        word, kind = match[0], _kind(match[0])
        return _other(alike[kind], word, generator) or word if word in names.get(kind, ()) else word

    for question, context, row, (start, _) in zip(questions, contexts, answers, spans, strict=True):
        false = _other(asked[_asking(question, row[0])], context, generator)
        false = false or _other([others[0] for others in answers], context, generator)
        if false is None:
            raise UsageError("answers to questions about other texts are wanted; there are none")
        if (other := _WORD.sub(changed, question)) == question:
            continue
        said, count = _ASKING.subn(lambda _: false, other.rstrip(" ?"), count=1)  # noqa: B023
        distractor = f"{said}." if count else f"{said} {false}."
        found.append(Misled(question, context, tuple(filter(None, row)), int(start), distractor, false))
    return found


def _asking(question: str, answer: str) -> tuple[str, str]:
    """How it is asked, and for what kind of answer."""
    words = _ASKING.search(question)
    return words[0].lower() if words else "", _kind(answer)


def _kind(text: str) -> str:
    if any(letter.isdigit() for letter in text):
        return "number"
    return "name" if text[0].isupper() else "words"


def _other(alike: Sequence[str], text: str, generator: np.random.Generator) -> str | None:
    """One of those `alike` that is no part of `text`; None if there is none."""
    first = generator.integers(len(alike))
    turned = (alike[(first + step) % len(alike)] for step in range(len(alike)))
    return next((one for one in turned if one not in text), None)
