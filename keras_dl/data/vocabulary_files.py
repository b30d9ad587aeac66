"""Vocabularies that others have published: BERT's vocab.txt, GPT-2's vocab.json and merges.txt, tokenizer.json.

The ids are the published ones, so they go with published weights. Only those of bytes without a token that ends texts
come behind our special ones.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from keras_dl import names, strict_json
from keras_dl.data import byte_pairs
from keras_dl.data.spec import Spec
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.data.wordpiece import INNER, NAMES
from keras_dl.errors import UsageError, shown

WANTED = "wanted are a vocab.txt of BERT, a vocab.json with its merges.txt, a tokenizer.json, or a saved model"
SPECIFICATION = "input.json"
"""the file of a saved model that says what it takes"""


def read_vocabulary(file: str | os.PathLike) -> Vocabulary:
    """The vocabulary in `file`, or that of the saved model, or the run, in that folder.

    A vocabulary of WordPiece makes letters small where none of its tokens has a capital one. Raises `UsageError` for
    files that are not there, are damaged, or cut texts in other ways.
    """
    path = names.expanded(names.checked("a vocabulary", file))
    try:
        if path.is_dir():
            return _of_model(path)
        if path.suffix == ".txt":
            return _of_lines(_content(path).splitlines())
        content = strict_json.parse(_content(path), shown(path))
        if isinstance(content, dict) and isinstance(content.get("model"), dict):
            return _of_tokenizer(content)
        return _of_bpe(content, [line for line in _content(path.with_name("merges.txt")).splitlines()[1:] if line])
    except UsageError as error:
        words = str(error)
        raise UsageError(words if str(path) in words else f"{shown(path)}: {words}") from None


def _content(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"there is no file {path}; {WANTED}")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _of_model(folder: Path) -> Vocabulary:
    file = next(
        (inner for inner in (folder, folder / "model", folder / "best") if (inner / SPECIFICATION).is_file()), None
    )
    if file is None:
        raise UsageError(f"it is no saved model that takes texts; {WANTED}")
    spec = Spec.from_json(strict_json.parse(_content(file / SPECIFICATION), SPECIFICATION))
    found = [column.vocabulary for column in spec.columns.values() if column.kind == "tokens" and column.vocabulary]
    if not found:
        raise UsageError(f"it is no saved model that takes texts; {WANTED}")
    return Vocabulary.from_json(found[0])


def _of_lines(tokens: list[str]) -> Vocabulary:
    lower = not any(token != token.lower() for token in tokens if not _is_special(token))
    return Vocabulary(pieces="wordpiece", lower=lower, tokens=tokens)


def _is_special(token: str) -> bool:
    return token in NAMES or (token.startswith("[") and token.endswith("]"))


def _of_tokenizer(content: dict[str, Any]) -> Vocabulary:
    """That of a tokenizer.json, as `tokenizers` writes it."""
    normalizer, cutter = content.get("normalizer") or {}, content.get("pre_tokenizer") or {}
    match content["model"]:
        case {"type": "WordPiece", "vocab": dict(ids), "continuing_subword_prefix": prefix}:
            lower = normalizer.get("lowercase")
            accents = normalizer.get("strip_accents")
            usual = normalizer.get("type") == "BertNormalizer" and accents in (None, lower)
            if prefix != INNER or not usual or cutter.get("type") != "BertPreTokenizer":
                raise UsageError("it cuts texts otherwise than BERT does")
            return Vocabulary(pieces="wordpiece", lower=lower, tokens=_in_order(ids))
        case {"type": "BPE", "vocab": dict(ids), "merges": list(merges), "byte_fallback": True}:
            if normalizer != byte_pairs.BLANKS or cutter:
                raise UsageError("it cuts texts otherwise than LLaMA does")
            return Vocabulary(pieces="llama", tokens=_in_order(ids), merges=_pairs(merges))
        case {"type": "BPE", "vocab": dict(ids), "merges": list(merges)}:
            if normalizer or cutter.get("type") != "ByteLevel" or cutter.get("add_prefix_space"):
                raise UsageError("it cuts texts otherwise than GPT-2 does; bpe of bytes is wanted")
            return _of_bpe(ids, merges)
        case {"type": str(kind)}:
            raise UsageError(f"it is of the kind {kind:.40}; WordPiece and BPE are read")
    raise UsageError("it is damaged: its model has no type and vocab")


def _of_bpe(ids: Any, merges: list[Any]) -> Vocabulary:
    """That of bytes with `ids` by token and the `merges`."""
    tokens, pieces = _in_order(ids), "gpt2" if any(name in ids for name in byte_pairs.ENDS) else "bpe"
    return Vocabulary(pieces=pieces, tokens=tokens, merges=_pairs(merges))


def _pairs(merges: list[Any]) -> list[tuple[str, ...]]:
    """`merges`, whose sides are two or have a blank between them."""
    pairs = [tuple(merge.split(" ")) if isinstance(merge, str) else merge for merge in merges]
    if any(not isinstance(pair, list | tuple) or len(pair) != 2 for pair in pairs):
        raise UsageError("it is damaged: a merge has two sides, with a blank between them")
    return pairs


def _in_order(ids: Any) -> list[str]:
    """The tokens by their `ids`, which must be the whole numbers from 0 on."""
    if not isinstance(ids, dict) or not all(isinstance(number, int) for number in ids.values()):
        raise UsageError("it is damaged: tokens with their ids are wanted")
    if sorted(ids.values()) != list(range(len(ids))):
        raise UsageError(f"it is damaged: the ids of {len(ids):,} tokens are not 0 to {len(ids) - 1:,}")
    return sorted(ids, key=ids.get)
