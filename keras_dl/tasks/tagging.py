"""Tagging: a class for each word of a text, such as its part of speech.

Devlin et al., "BERT", NAACL 2019, section 5.3: the tag of a word is told at the first of its tokens. The loss and the
accuracy are means over the words of a split; those that are cut away count nothing.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.tagged import TAGS, in_tokens, texts_of
from keras_dl.data.tokenized import FREQUENT, TOKENS, with_masks
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.data.vocabulary_files import read_vocabulary
from keras_dl.data.wordpiece import INNER
from keras_dl.errors import UsageError, some
from keras_dl.fields import Count
from keras_dl.lazy import tf
from keras_dl.learning.objective import ACCURACY, LOSS
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tagging(Task):
    """Tell a class for each word of a text."""

    objective = ACCURACY
    monitor = LOSS
    wants = (("texts",), ("classes",))
    head = "tokens"

    vocabulary_size: Count | None = None
    """most tokens of wordpiece, by default 4,000"""
    vocabulary: str | None = None
    """file of a published vocabulary in its place, vocab.txt or tokenizer.json, or a saved model"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not hasattr(config, "head"):
            raise UsageError(f"{self.name} is for networks of both directions, such as bert_tiny; not {config.family}")
        if like is not None and data.spec.class_names != like.class_names:
            ours, theirs = some(like.class_names), some(data.spec.class_names)
            raise UsageError(f"the model tells the tags {ours}; {data.spec.name} has {theirs}")
        if like is not None:
            vocabulary = Vocabulary.from_json(like.columns[TOKENS].vocabulary)
        elif self.vocabulary is not None:
            vocabulary = read_vocabulary(self.vocabulary)
        else:
            vocabulary = Vocabulary.of(texts_of(data), "wordpiece", size=self.vocabulary_size or FREQUENT, lower=True)
        if vocabulary.pieces != "wordpiece":
            raise UsageError(f"{self.name} needs a vocabulary of wordpiece; this one is of {vocabulary.pieces}")
        return in_tokens(data, vocabulary, config.length, fixed=like is not None)

    def inputs(self, batch):
        return with_masks({TOKENS: batch[TOKENS]})

    def prepare(self, batch, key):
        tags = batch[TAGS]
        return self.inputs(batch), tf.maximum(tags, 0), tf.cast(tags >= 0, "float32")

    def learner(self, network, config, options):
        from keras_dl.learning.tags import Tags

        return Tags(network, config.length, config.classes, options.label_smoothing)

    def answers(self, network, config, inputs, spec):
        vocabulary = Vocabulary.from_json(spec.columns[TOKENS].vocabulary)
        guesses = self.outputs(network, inputs).argmax(axis=-1)
        answers = []
        for ids, row in zip(np.asarray(inputs[TOKENS]), guesses, strict=True):
            words, tags = [], []
            for one, tag in zip(ids, row, strict=True):
                piece = vocabulary.tokens[one]
                if one in (vocabulary.special[0], *vocabulary.special[2:4]):
                    continue
                if piece.startswith(INNER) and words:
                    words[-1] += piece.removeprefix(INNER)
                else:
                    words.append(piece)
                    tags.append(spec.class_names[tag])
            text = " ".join(f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))
            answers.append({"text": text, "words": words, "tags": tags})
        return answers
