"""WordPiece: words as the longest pieces that a vocabulary has, one after another, as BERT reads them.

Devlin et al. 2019, "BERT", section 3, after Schuster & Nakajima 2012, "Japanese and Korean voice search". Pieces that
do not begin a word are written with ## before them. Words are cut at blanks and signs; with small letters accents are
left out too.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Any

import tokenizers

from keras_dl.errors import UsageError

NAMES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""tokens that stand for no piece of a text: the pad, what is unknown, the beginning, the end, and what is to be told"""
INNER = "##"
LETTERS = 1000
"""different characters that are pieces, the frequent ones; words with others are unknown"""


def tokenizer(model: Any, lower: bool) -> Any:
    """The tokenizer of `model` that cuts as BERT does."""
    found = tokenizers.Tokenizer(model)
    found.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=lower)
    found.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    found.decoder = tokenizers.decoders.WordPiece(prefix=INNER)
    return found


def cutting(tokens: Sequence[str], lower: bool) -> Any:
    """The tokenizer whose pieces are `tokens`, the one at place i with the id i; "[MASK]" in a text is one of them."""
    ids = {token: number for number, token in enumerate(tokens)}
    _pad, unknown, *_, mask = NAMES
    model = tokenizers.models.WordPiece(ids, unk_token=unknown, continuing_subword_prefix=INNER)
    found = tokenizer(model, lower)
    found.add_special_tokens([mask])
    return found


def trained(texts: list[str], size: int | None, lower: bool) -> list[str]:
    """At most `size` tokens learned from `texts`: `NAMES`, all characters, and what is joined of them most often.

    Raises `UsageError` for a size that has no room for the characters, and for texts without any.
    """
    model = tokenizer(tokenizers.models.WordPiece(unk_token=NAMES[1]), lower)
    words = collections.Counter(word for text in texts for word in _words(text, model))
    letters = collections.Counter(letter for word, count in words.items() for letter in set(word))
    alphabet = {*sorted(letters, key=lambda letter: (-letters[letter], letter))[:LETTERS]}
    known = {word: count for word, count in words.items() if alphabet.issuperset(word)}
    if not known:
        raise UsageError(f"the {len(texts):,} texts have no wordpiece")
    begins, inner = {word[0] for word in known}, {INNER + letter for word in known for letter in word[1:]}
    fixed = [*NAMES, *sorted(begins), *sorted(inner)]  # in an order of ours: the trainer's differs from run to run
    if size is None or size < len(fixed):
        raise UsageError(f"wordpiece of these texts needs a size of at least {len(fixed):,}, got {size}")
    trainer = tokenizers.trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=fixed, show_progress=False, continuing_subword_prefix=INNER
    )
    model.train_from_iterator(_repeated(known), trainer)
    ids = model.get_vocab()
    return sorted(ids, key=ids.get)


def check(tokens: Sequence[str]) -> None:
    """Raise `UsageError` for `tokens` that are no vocabulary of WordPiece."""
    if missing := [name for name in NAMES if name not in tokens]:
        raise UsageError(f"tokens of wordpiece must have {', '.join(NAMES)}; {missing[0]} is missing")
    if tokens[0] != NAMES[0]:
        raise UsageError(f"the first token of wordpiece must be {NAMES[0]}, got {tokens[0]!r:.40}")


def _words(text: str, model: Any) -> list[str]:
    return [word for word, _ in model.pre_tokenizer.pre_tokenize_str(model.normalizer.normalize_str(text))]


def _repeated(words: dict[str, int]) -> Iterator[str]:
    """Each word as often as it was counted, in an order that the words alone decide."""
    for word in sorted(words):
        yield " ".join([word] * words[word])
