"""Question answering: the part of a text that answers a question.

Rajpurkar, Zhang, Lopyrev & Liang, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016; Devlin et
al., "BERT", NAACL 2019, section 4.2: question and text are read as one, and of each token it is told whether the answer
starts or ends there; the loss is the sum of both cross-entropies. An answer that was cut away with the end of its text
does not count there.

The scores are SQuAD's: "exact_match", the share of answers that are a right one but for signs, articles and capital
letters, and "f1", the mean over the questions of the harmonic mean of precision and recall of words, the best over the
right answers. An answer has at most 30 tokens.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.answers import ANSWERS, CONTEXT, SPAN, first_and_count, in_tokens
from keras_dl.data.bounded import read_as
from keras_dl.data.tokenized import SEGMENTS, TOKENS, with_masks
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS, Objective
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuestionAnswering(Task):
    """Tell the part of a text that answers a question."""

    objective = Objective("f1", "max", worst=0.0)
    monitor = LOSS
    scored_each_epoch = True
    wants = (("text",), ("span",))
    head = "span"

    vocabulary_size: Count | None = None
    """most tokens of wordpiece, by default 4,000"""
    vocabulary: str | None = None
    """file of a published vocabulary in its place, vocab.txt or tokenizer.json, or a saved model"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not hasattr(config, "head"):
            raise UsageError(f"{self.name} is for networks of two texts, such as bert_tiny; not {config.family}")
        read = read_as(config, data, like, pieces="wordpiece", size=self.vocabulary_size, file=self.vocabulary)
        if (pieces := Vocabulary.from_json(read.spec.columns[TOKENS].vocabulary).pieces) != "wordpiece":
            raise UsageError(f"{self.name} needs a vocabulary of wordpiece, such as BERT's; this one is of {pieces}")
        return in_tokens(read, data)

    def inputs(self, batch):
        return with_masks({name: batch[name] for name in (TOKENS, SEGMENTS)})

    def prepare(self, batch, key):
        span = batch[SPAN]
        known = tf.cast(span[:, 0] >= 0, "float32")
        ends = {"start": tf.maximum(span[:, 0], 0), "end": tf.maximum(span[:, 1], 0)}
        return self.inputs(batch), ends, dict.fromkeys(ends, known)

    def learner(self, network, config, options):
        from keras_dl.learning.spans import Spans

        return Spans(network, options.label_smoothing)

    def example(self, network, count):
        x, _ = super().example(network, count)
        ends = {end: np.zeros(count, "int32") for end in ("start", "end")}
        return x, ends, {end: np.ones(count, "float32") for end in ends}

    def scores(self, network, config, split, spec):
        from keras_dl.learning.spans import exact_match, f1

        inputs = {name: split.columns[name].values for name in (TOKENS, SEGMENTS, CONTEXT)}
        told = [answer["text"] for answer in self.answers(network, config, inputs, spec)]
        right = [[text for text in row if text] for row in split.columns[ANSWERS].values]
        return {
            score.__name__: float(np.mean([score(*one) for one in zip(told, right, strict=True)]))
            for score in (f1, exact_match)
        }

    def answers(self, network, config, inputs, spec):
        from keras_dl.learning.spans import likeliest

        vocabulary = Vocabulary.from_json(spec.columns[TOKENS].vocabulary)
        outputs = self.outputs(network, inputs)
        places = first_and_count(inputs[TOKENS], inputs[SEGMENTS])
        rows = zip(outputs["start"], outputs["end"], places, inputs[CONTEXT], strict=True)
        return [
            {"text": _told(vocabulary.offsets(context), context, *likeliest(start, end, *place)) if place[1] else ""}
            for start, end, place, context in rows
        ]

    def asked(self, network, inputs):
        from keras_dl.learning.spans import likeliest

        outputs = self.outputs(network, inputs)
        places = first_and_count(inputs[TOKENS], inputs[SEGMENTS])
        rows = zip(outputs["start"], outputs["end"], places, strict=True)
        ends = np.array([first + np.array(likeliest(start, end, first, count)) for start, end, (first, count) in rows])
        return {"start": ends[:, :1], "end": ends[:, 1:]}, ends[:, 0]


def _told(offsets: list[tuple[int, int]], context: str, first: int, last: int) -> str:
    return context[offsets[first][0] : offsets[last][1]]
