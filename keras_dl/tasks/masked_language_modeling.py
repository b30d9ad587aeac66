"""Masked language modeling: hidden words of a text, from all others, and whether one sentence follows another.

Devlin, Chang, Lee & Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
NAACL 2019, section 3.1. Of each text 15 % of the tokens are to be told, others at each step; most are hidden by [MASK].
In evaluation a text always has the same ones hidden. The loss is in nats per token that is told; the perplexity is its
exponential. Labels play no part.

One long text is read line by line. With `next_sentence` examples are two sentences, and of half of them the second is
not the one that follows; the loss is the sum of both, as in the paper. An answer fills in each [MASK] of a text.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import ClassVar

import numpy as np

from keras_dl.data.bounded import read_as
from keras_dl.data.sentences import FOLLOWS, in_a_row, texts_alone
from keras_dl.data.spec import Spec
from keras_dl.data.tokenized import SEGMENTS, TOKENS, with_masks
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Fraction
from keras_dl.lazy import tf
from keras_dl.learning.hiding_words import hidden
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

LIKELIEST = 10
"""words that are answered for one [MASK]"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedLanguageModeling(Task):
    """Tell the hidden words of a text; answers fill in each [MASK]."""

    objective = LOSS
    wants = (("text",),)
    _vocabulary: ClassVar[Vocabulary | None] = None

    share: Fraction = 0.15
    """part of the tokens of a text that is to be told"""
    next_sentence: bool = False
    """also tell whether one sentence follows another, where texts have several, or are lines of one"""
    vocabulary_size: Count | None = None
    """most tokens of wordpiece, by default 4,000"""
    vocabulary: str | None = None
    """file of a published vocabulary in its place, vocab.txt or tokenizer.json, or a saved model"""

    @property
    def head(self) -> str:
        return "words_and_next" if self.next_sentence else "words"

    def for_data(self, spec: Spec):
        task = copy.copy(self)
        object.__setattr__(task, "_vocabulary", Vocabulary.from_json(spec.columns[TOKENS].vocabulary))
        return task

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not hasattr(config, "head"):
            raise UsageError(f"{self.name} is for networks of both directions, such as bert_tiny; not {config.family}")
        data = texts_alone(data)
        if self.next_sentence:
            data = in_a_row(data)
        data = read_as(config, data, like, pieces="wordpiece", size=self.vocabulary_size, file=self.vocabulary)
        if (pieces := Vocabulary.from_json(data.spec.columns[TOKENS].vocabulary).pieces) != "wordpiece":
            raise UsageError(f"{self.name} needs a vocabulary with [MASK], such as BERT's; this one is of {pieces}")
        return data

    def inputs(self, batch):
        return with_masks({name: batch[name] for name in (TOKENS, SEGMENTS) if name in batch})

    def prepare(self, batch, key):
        special, ids = self._vocabulary.special, batch[TOKENS]
        seen, told = hidden(ids, self.share, special, special[-1], len(self._vocabulary), key)
        x = self.inputs({**batch, TOKENS: seen})
        if not self.next_sentence:
            return x, ids, told
        follows = batch[FOLLOWS]
        return x, {"words": ids, "next": follows}, {"words": told, "next": tf.ones_like(follows, "float32")}

    def learner(self, network, config, options):
        from keras_dl.learning.masked_words import MaskedWords

        return MaskedWords(network, config.length, config.vocabulary_size, options.label_smoothing)

    def example(self, network, count):
        x, y = super().example(network, count)
        return x, y, {name: np.ones(one.shape) for name, one in y.items()} if isinstance(y, dict) else np.ones(y.shape)

    def answers(self, network, config, inputs, spec):
        from keras_dl.learning.probabilities import probabilities

        vocabulary = Vocabulary.from_json(spec.columns[TOKENS].vocabulary)
        *others, mask = vocabulary.special
        outputs, token_ids = self.outputs(network, inputs), np.asarray(inputs[TOKENS])
        words = outputs["words"] if self.next_sentence else outputs
        answers = []
        for row, ids in enumerate(token_ids):
            places = np.flatnonzero(ids == mask)
            logits = np.where(np.isin(np.arange(words.shape[-1]), [*others, mask]), -1e9, words[row, places])
            shares = probabilities(logits, None)
            filled = ids.copy()
            filled[places] = shares.argmax(axis=1)
            answer = {"text": _decoded(vocabulary, filled)} | _named(vocabulary, shares)
            if self.next_sentence:
                answer["follows"] = float(probabilities(outputs["next"][row : row + 1], None)[0, 0])
            answers.append(answer)
        return answers


def _decoded(vocabulary: Vocabulary, ids: np.ndarray) -> str:
    """The text, or the two with a line between them, of `ids`."""
    end = vocabulary.special[3]
    ends = np.flatnonzero(ids == end)
    starts = [0, *(ends[:-1] + 1)]
    return " | ".join(vocabulary.decode([ids[start:stop] for start, stop in zip(starts, ends, strict=True)]))


def _named(vocabulary: Vocabulary, shares: np.ndarray) -> dict:
    """The likeliest words of a text's one [MASK], or the likeliest of each of several; nothing where there is none."""
    if len(shares) == 1:
        best = np.argsort(-shares[0], kind="stable")[:LIKELIEST]
        return {"probabilities": {vocabulary.tokens[one]: float(shares[0, one]) for one in best}}
    return {
        f"[MASK] {number}": {"class": vocabulary.tokens[row.argmax()], "probability": float(row.max())}
        for number, row in enumerate(shares, start=1)
    }
