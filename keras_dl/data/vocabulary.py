"""Texts as token ids and back: the words, characters or frequent pieces of the training texts, each with its number."""

from __future__ import annotations

import collections
import dataclasses
import functools
import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np

from keras_dl import strict_json
from keras_dl.config import MOST
from keras_dl.data import byte_pairs, wordpiece
from keras_dl.errors import UsageError
from keras_dl.fields import Bounds, Count, at_least, check_fields, checked

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not outlive a fork, and it says so each time

Pieces = Literal["words", "characters", "bpe", "wordpiece"]
"""what vocabularies are made of"""
Published = Literal["gpt2", "llama"]
"""what others have published besides"""
PAD, UNKNOWN, BEGIN, END = range(4)
"""ids that stand for no piece of a text, of words, characters and bpe; see `Vocabulary.special` for the others"""
SPECIAL = 4
"""how many of them there are"""
FOREIGN = 0.01
"""share of letters beyond A to Z above which the rules for English words are wrong"""

_NO_WORD = re.compile(r"[^A-Za-z0-9(),!?'`]")
_ENDING = re.compile(r"'s|'ve|n't|'re|'d|'ll")
_SIGN = re.compile(r"[,!()?]")

Tokens = Annotated[
    tuple[str, ...],
    Bounds(f"1 to {MOST - SPECIAL:,} different texts", lambda values: 0 < len(set(values)) == len(values) < MOST - 3),
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The pieces that texts are cut into; `tokens`[i] has the id `SPECIAL` + i, of wordpiece, gpt2 and llama i.

    "words" are those of English by Kim's rules (2014): runs of letters, digits and apostrophes, with endings such as
    n't and 's and the signs , ! ? ( ) on their own; everything else is left out. "characters" are code points. "bpe"
    joins bytes to pieces by the `merges`, as GPT-2 does, and knows every text. "wordpiece" cuts words as BERT does, see
    `keras_dl.data.wordpiece`, whose names of special tokens are among `tokens`, and in which "[MASK]" is one in a text
    too. "gpt2" and "llama" cut as these do, see `keras_dl.data.byte_pairs`; all that was published is among `tokens`.
    `lower` says whether capital letters become small before. Raises `UsageError` for anything else, and where no such
    cutting could be.
    """

    pieces: Pieces | Published
    tokens: Tokens
    merges: tuple[tuple[str, str], ...] = ()
    lower: bool = False

    def __post_init__(self):
        check_fields(self)
        if self.pieces in ("bpe", "gpt2", "llama"):
            byte_pairs.check(self.pieces, self.tokens, self.merges)
        elif self.merges:
            raise UsageError(f"{self.pieces} have no merges")
        elif self.pieces == "wordpiece":
            wordpiece.check(self.tokens)
        elif wrong := next((token for token in self.tokens if self._cut(token) != [token]), None):
            raise UsageError(f"tokens must be {self.pieces}, got {wrong!r:.40}")

    @classmethod
    def of(
        cls,
        texts: Iterable[str],
        pieces: Pieces,
        *,
        size: int | None = None,
        lower: bool = False,
    ) -> Self:
        """The vocabulary of the training `texts`, at most `size` ids with the special ones: the most frequent pieces.

        Of equally frequent ones the first by code point; "bpe" and "wordpiece" need a `size`. Raises `UsageError` for
        texts in which there are none, and for words of other languages than English.
        """
        size = checked("size", size, Annotated[int, at_least(SPECIAL + 1)] | None)
        if pieces == "wordpiece":
            texts = [_normal(text, False) for text in _texts(texts)]
            return cls(pieces=pieces, lower=lower, tokens=wordpiece.trained(texts, size, lower))
        texts = [_normal(text, lower) for text in _texts(texts)]
        if pieces == "bpe":
            return cls(pieces=pieces, lower=lower, **byte_pairs.trained(texts, size, SPECIAL))
        if pieces == "words":
            _check_english(texts)
        counts = collections.Counter(piece for text in texts for piece in _cut(text, pieces))
        if not counts:
            raise UsageError(f"the {len(texts):,} texts have no {pieces}")
        frequent = sorted(counts, key=lambda piece: (-counts[piece], piece))
        return cls(pieces=pieces, tokens=frequent[: size and size - SPECIAL], lower=lower)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The vocabulary that `to_json` has written. Raises `UsageError` for anything else."""
        match strict_json.parse(text, "the vocabulary"):
            case {"pieces": pieces, "lower": lower, "tokens": tokens, "merges": merges, **others} if not others:
                try:
                    return cls(pieces=pieces, lower=lower, tokens=tokens, merges=merges)
                except UsageError as error:
                    raise UsageError(f"the vocabulary cannot be used: {error}") from None
        raise UsageError("the vocabulary has no pieces, lower, tokens and merges, or more")

    def to_json(self) -> str:
        """As JSON holds it, on one line."""
        return json.dumps(dataclasses.asdict(self))

    def __len__(self) -> int:
        """How many ids there are, the special ones too."""
        return self._first + len(self.tokens)

    @property
    def _first(self) -> int:
        """The id of the first of the tokens."""
        return SPECIAL if self.pieces in ("words", "characters", "bpe") else 0

    @functools.cached_property
    def special(self) -> tuple[int, ...]:
        """The ids of the pad, of what is unknown, of the beginning and the end; of wordpiece also of the mask."""
        if self.pieces == "wordpiece":
            return tuple(self._ids[name] for name in wordpiece.NAMES)
        return (PAD, UNKNOWN, BEGIN, END) if self._first else byte_pairs.special(self._ids)

    def padded_by_zero(self) -> Vocabulary:
        """The same pieces, and 0 the pad alone, as networks with masks need it: gpt2, which has no pad, becomes bpe."""
        if self.pieces != "gpt2":
            return self
        made = {*byte_pairs.byte_alphabet(), *map("".join, self.merges)}
        tokens = tuple(token for token in self.tokens if token in made)
        return dataclasses.replace(self, pieces="bpe", tokens=tokens)

    def encode(self, texts: Iterable[str], length: int, *, bounded: bool = False) -> np.ndarray:
        """`token_ids` of the texts, int32 (n, length): longer ones are cut, shorter ones padded, at their ends."""
        ragged = self.encode_ragged(texts, bounded=bounded)
        token_ids = np.full((len(ragged), checked("length", length, Count)), PAD, "int32")
        for row, ids in zip(token_ids, ragged, strict=True):
            row[: len(ids)] = ids[:length]
        return token_ids

    def encode_ragged(self, texts: Iterable[str], *, bounded: bool = False) -> list[np.ndarray]:
        """The ids of each text, int32; with `bounded`, those of the beginning and of the end stand around them."""
        _, unknown, begin, end, *_ = self.special
        ids = [[self._ids.get(piece, unknown) for piece in self._cut(text)] for text in _texts(texts)]
        return [np.array([begin, *one, end] if bounded else one, "int32") for one in ids]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` each of its tokens starts and stops, of wordpiece, in characters."""
        return self._tokenizer.encode(_normal(text, False)).offsets

    def decode(self, token_ids: Iterable[Sequence[int]]) -> list[str]:
        """The text of each row of ids, up to its end: words with a blank between them, unknown ones as \\ufffd.

        Raises `UsageError` for ids that there are not.
        """
        return [self._joined(list(map(int, row))) for row in token_ids]

    def _joined(self, ids: list[int]) -> str:
        if wrong := [one for one in ids if not 0 <= one < len(self)]:
            raise UsageError(f"ids must be at least 0 and below {len(self):,}, got {wrong[0]:,}")
        pad, unknown, begin, end, *_ = self.special
        ids = ids[1:] if ids[:1] == [begin] else ids  # which may be the end, too
        ids = ids[: ids.index(end)] if end in ids else ids
        pieces = [
            "\ufffd" if one == unknown else self.tokens[one - self._first] for one in ids if one not in (pad, begin)
        ]
        if self.pieces in ("words", "characters"):
            return (" " if self.pieces == "words" else "").join(pieces)
        return self._tokenizer.decoder.decode(pieces)

    def _cut(self, text: str) -> list[str]:
        text = _normal(text, self.lower and self.pieces != "wordpiece")  # which leaves out accents, too
        return _cut(text, self.pieces) if self._tokenizer is None else self._tokenizer.encode(text).tokens

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens, start=self._first)}

    @functools.cached_property
    def _tokenizer(self) -> Any:
        """That of `tokenizers`, or None for words and characters."""
        if self.pieces == "wordpiece":
            return wordpiece.cutting(self.tokens, self.lower)
        makers = {"bpe": byte_pairs.of_bytes, "gpt2": byte_pairs.of_bytes, "llama": byte_pairs.of_characters}
        return makers[self.pieces](self._ids, self.merges) if self.pieces in makers else None


def _texts(texts: Iterable[str]) -> list[str]:
    """`texts` as a list; raises `UsageError` for one text alone, and for what is none."""
    if isinstance(texts, str):
        raise UsageError(f"texts must be a list of str, got {texts!r:.40}")
    texts = list(texts)
    if wrong := [text for text in texts if not isinstance(text, str)]:
        raise UsageError(f"texts must be a list of str, got {wrong[0]!r:.40} in it")
    return texts


def _normal(text: str, lower: bool) -> str:
    """`text` as UTF-8 has it, without the halves of characters that a command line may give."""
    text = text.encode("utf-8", "replace").decode()
    return text.lower() if lower else text


def _cut(text: str, pieces: str) -> list[str]:
    """The words or the characters of a text."""
    if pieces == "characters":
        return list(text)
    return _SIGN.sub(r" \g<0> ", _ENDING.sub(r" \g<0>", _NO_WORD.sub(" ", text))).split()


def _check_english(texts: list[str]) -> None:
    """Raise `UsageError` for texts of whose letters the rules would lose many."""
    letters = sum(character.isalpha() for text in texts for character in text)
    foreign = sum(character.isalpha() for text in texts if not text.isascii() for character in text if character > "~")
    if foreign > FOREIGN * letters:
        raise UsageError(
            f"words are cut by rules for English, but {foreign / letters:.0%} of the letters are not among A to Z; use "
            "bpe or characters"
        )
