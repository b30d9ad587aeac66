"""Byte-pair encoding: bytes, or characters, joined to the pieces that were frequent where it was learned.

Sennrich, Haddow & Birch 2016, "Neural Machine Translation of Rare Words with Subword Units"; of bytes Radford et al.
2019, "Language Models are Unsupervised Multitask Learners", section 2.2. LLaMA joins characters, writes a blank as
\\u2581, one also before a text, and what it does not know as bytes (Touvron et al. 2023, "LLaMA", section 2.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import tokenizers

from keras_dl.errors import UsageError

ENDS = ("<|endoftext|>", "</s>")
"""published tokens of the end; the first that there is also stands for what has no token of its own"""
BEGIN, PADS = "<s>", ("<pad>", "<unk>")
BLANK = "\u2581"
BLANKS = {
    "type": "Sequence",
    "normalizers": [
        {"type": "Prepend", "prepend": BLANK},
        {"type": "Replace", "pattern": {"String": " "}, "content": BLANK},
    ],
}
"""how LLaMA's tokenizer.json says what it does with blanks"""


def byte_alphabet() -> list[str]:
    """The characters that stand for the 256 bytes."""
    return sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())


def of_bytes(ids: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> Any:
    """The tokenizer that joins bytes by `merges` to tokens with these `ids`, as GPT-2's."""
    return _byte_level(tokenizers.models.BPE(vocab=dict(ids), merges=list(merges)))


def of_characters(ids: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> Any:
    """The tokenizer that joins characters by `merges` to tokens with these `ids`, as LLaMA's."""
    model = tokenizers.models.BPE(
        vocab=dict(ids), merges=list(merges), unk_token=PADS[-1], fuse_unk=True, byte_fallback=True
    )
    found = tokenizers.Tokenizer(model)
    made, decoders = tokenizers.normalizers, tokenizers.decoders
    found.normalizer = made.Sequence([made.Prepend(BLANK), made.Replace(" ", BLANK)])
    found.decoder = decoders.Sequence(
        [decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return found


def trained(texts: Sequence[str], size: int | None, special: int) -> dict[str, Any]:
    """The tokens and merges of bytes learned from `texts`, at most `size` with the `special` ones."""
    alphabet = byte_alphabet()
    if size is None or size < special + len(alphabet):
        raise UsageError(f"bpe needs a size of at least {special + len(alphabet)}, got {size}")
    tokenizer = _byte_level(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=size - special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    ids = tokenizer.get_vocab()
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return {"tokens": sorted(ids, key=ids.get), "merges": merges}


def special(ids: Mapping[str, int]) -> tuple[int, ...]:
    """Of published `ids` those of the pad, of what is unknown, of the beginning and of the end."""
    end = next(ids[name] for name in ENDS if name in ids)
    pad = next((ids[name] for name in PADS if name in ids), end)
    return pad, ids.get(PADS[-1], end), ids.get(BEGIN, end), end


def check(pieces: str, tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> None:
    """Raise `UsageError` unless `merges` are of `tokens`, which are those of "bpe", "gpt2" or "llama"."""
    known, alphabet = set(tokens), set(byte_alphabet())
    if pieces == "llama":
        wanted = (PADS[-1], BEGIN, ENDS[-1], *map("<0x{:02X}>".format, range(256)))
        if missing := [name for name in wanted if name not in known]:
            raise UsageError(f"tokens of llama must have <unk>, <s>, </s> and the 256 bytes; {missing[0]} is missing")
        if tokens[0] not in PADS:
            raise UsageError(f"the first token of llama must be one of {', '.join(PADS)}, got {tokens[0]!r:.40}")
    elif not alphabet <= known or not set().union(*known) <= alphabet:
        raise UsageError(f"tokens of {pieces} must be the 256 bytes and what is made of them")
    if pieces == "gpt2" and not known.intersection(ENDS):
        raise UsageError(f"tokens of gpt2 must have one that ends texts, {' or '.join(ENDS)}")
    if any(not {left, right, left + right} <= known for left, right in merges):
        raise UsageError(f"merges of {pieces} must be of tokens, and make tokens")


def _byte_level(model: Any) -> Any:
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    return tokenizer
