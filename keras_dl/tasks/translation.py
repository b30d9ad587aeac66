"""Translation: a text in another language, told token by token from its source and the tokens before.

Sutskever, Vinyals & Le, "Sequence to Sequence Learning with Neural Networks", NeurIPS 2014. Each language has a
vocabulary of its own, of its training texts, or both have one together if the network has one table of tokens for both
(Vaswani et al. 2017); texts stand between tokens of their beginning and end. In training and for the loss and the
accuracy of a split the network is given the right translation up to each token; both are means over tokens, the loss in
nats, pads count nothing.

"bleu" is of whole translations: that of sacrebleu (Post 2018, "A Call for Clarity in Reporting BLEU Scores"),
nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp, of at most `SCORED` examples, evenly from all of a split. The right
translations are as the vocabulary gives them back: of bpe letter by letter, but cut where they were cut.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import numpy as np

from keras_dl.data.dataset import Data
from keras_dl.data.tokenized import padded, tokenized, vocabulary_of, with_masks
from keras_dl.data.vocabulary import PAD, Vocabulary
from keras_dl.errors import UsageError, some
from keras_dl.fields import Bounds, Count
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import BATCH, Task

SOURCE, TARGET = "source_token_ids", "target_token_ids"
SCORED = 500
"""examples of a split of which translations are scored"""
DRAWN = 3
"""examples whose attention is drawn"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Translation(Task):
    """Tell a text in another language."""

    objective = LOSS
    wants = (("text",),)
    parts = ("encoder", "decoder")

    pieces: Literal["words", "characters", "bpe"] = "bpe"
    """what texts are made of"""
    vocabulary_size: Count | None = None
    """most tokens of a vocabulary, the frequent ones; by default 4,000 pieces of bpe, and all words or characters"""
    vocabulary: Annotated[tuple[str, ...], Bounds("one file or two", lambda files: len(files) < 3)] = ()
    """files of published vocabularies in place of these, of the source and of the target, or one of both: vocab.json or
    tokenizer.json, or a saved model"""
    beam_width: Count = 1
    """beginnings of a translation that are gone on with side by side; of several translations the one whose tokens are
    the likeliest on average is answered"""

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not (hasattr(config, "source_length") and hasattr(config, "target_length")):
            raise UsageError(
                f"{self.name} is for networks of two texts, such as seq2seq_attention; not {config.family}"
            )
        texts = [name for name, column in data.spec.columns.items() if column.kind == "text"]
        if len(texts) != 2:
            found = some([*data.spec.columns])
            raise UsageError(f"{self.name} needs two columns of texts, source and target; {data.spec.name} has {found}")
        if like is None:
            vocabularies = self._vocabularies(data, texts, together=hasattr(config, "vocabulary_size"))
        else:
            vocabularies = [Vocabulary.from_json(like.columns[into].vocabulary) for into in (SOURCE, TARGET)]
        lengths = (config.source_length, config.target_length + 1)
        for name, into, length, vocabulary in zip(texts, (SOURCE, TARGET), lengths, vocabularies, strict=True):
            data = tokenized(data, name, into, length, vocabulary, bounded=True)
        return data

    def adapt(self, config, data):
        """As for every task; and the network is no longer than the longest training texts, so that it is fast."""
        config, data = super().adapt(config, data)
        source, target = (data.train.columns[name] for name in (SOURCE, TARGET))
        config = config.replace(
            source_length=min(config.source_length, source.longest),
            target_length=min(config.target_length, target.longest - 1),
        )
        data = padded(data, SOURCE, config.source_length)
        return config, padded(data, TARGET, config.target_length + 1)

    def _vocabularies(self, data: Data, texts: list[str], *, together: bool) -> list[Vocabulary]:
        """Those of the source and the target, the columns `texts`; one if they stand `together` in a table."""
        if together and len(set(self.vocabulary)) > 1:
            raise UsageError(f"this network has one table for both languages; got {len(self.vocabulary)} vocabularies")
        groups = [texts] if together else [[name] for name in texts]
        files = (self.vocabulary or (None,)) * 2
        settings = {"pieces": self.pieces, "size": self.vocabulary_size}
        found = [vocabulary_of(data, *group, **settings, file=file) for group, file in zip(groups, files, strict=False)]
        if found[-1].pieces == "wordpiece":
            raise UsageError("wordpiece does not give texts back as they were; translations take bpe")
        return [found[0], found[-1]]

    def inputs(self, batch):
        return with_masks({name: values for name, values in batch.items() if name in (SOURCE, TARGET)})

    def prepare(self, batch, key):
        ids = batch[TARGET]
        y = ids[:, 1:]
        return self.inputs({SOURCE: batch[SOURCE], TARGET: ids[:, :-1]}), y, tf.cast(y != PAD, "float32")

    def learner(self, network, config, options):
        from keras_dl.learning.next_token import NextToken

        size = getattr(config, "target_vocabulary_size", None) or config.vocabulary_size
        return NextToken(network, config.target_length, size, options.label_smoothing)

    def scores(self, network, config, split, spec):
        import sacrebleu

        count = min(SCORED, len(split))
        few = split.take(np.arange(count) * len(split) // count)
        vocabulary = Vocabulary.from_json(spec.columns[TARGET].vocabulary)
        written = self._translated(network, config, few.columns[SOURCE].values, vocabulary)
        right = vocabulary.decode(few.columns[TARGET].values)
        return {"bleu": sacrebleu.corpus_bleu(vocabulary.decode(written), [right]).score}

    def answers(self, network, config, inputs, spec):
        vocabulary = Vocabulary.from_json(spec.columns[TARGET].vocabulary)
        written = self._translated(network, config, inputs[SOURCE], vocabulary)
        return [{"text": text} for text in vocabulary.decode(written)]

    def draw(self, network, config, split, spec, path):
        from keras_dl.decoding.conditional import read, told
        from keras_dl.learning.attention_maps import draw_attention

        sources = split.take(range(min(DRAWN, len(split)))).columns[SOURCE].values
        written = self._translated(network, config, sources, Vocabulary.from_json(spec.columns[TARGET].vocabulary))
        given = read(network, with_masks({SOURCE: sources}))
        found = told(network, given, written[:, :-1])
        if "attention" not in found:
            return False
        tokens = [
            [_pieces(spec, name, row) for row in ids] for name, ids in ((SOURCE, sources), (TARGET, written[:, 1:]))
        ]
        shares = [
            share[: len(target), : len(source)]
            for share, source, target in zip(np.asarray(found["attention"]), *tokens, strict=True)
        ]
        draw_attention(shares, *tokens, path)
        return True

    def _translated(self, network, config, sources: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        """The ids of translations, (n, target_length + 1), of those of the `sources`."""
        from keras_dl import decoding
        from keras_dl.lazy import keras

        *_, begin, end = vocabulary.special

        def write(source_ids, token_ids, given):
            source = with_masks({SOURCE: source_ids})
            next_logits = decoding.conditional(network, source, beginnings=self.beam_width)
            if self.beam_width == 1:
                return decoding.greedy(next_logits, token_ids, given, end=end)
            settings = {"width": self.beam_width, "length_penalty": 1.0, "end": end}
            return decoding.beam(next_logits, token_ids, given, **settings)[0][:, 0]

        program = decoding.compiled(write, network)
        count, written = len(sources), []
        for start in range(0, count, BATCH):
            batch = sources[np.arange(start, start + BATCH) % count if count > BATCH else slice(count)]
            begun = np.full((len(batch), config.target_length + 1), PAD, "int32")
            begun[:, 0] = begin
            written.append(keras.ops.convert_to_numpy(program(batch, begun, np.ones(len(batch), "int32"))))
        return np.concatenate(written)[:count]


def _pieces(spec, name: str, ids: np.ndarray) -> list[str]:
    """Each token of a text up to its END, as people read it."""
    vocabulary = Vocabulary.from_json(spec.columns[name].vocabulary)
    named = dict(zip(vocabulary.special[2:], ("BEGIN", "END"), strict=False))
    return [named.get(one) or vocabulary.decode([[one]])[0] for one in ids.tolist() if one != PAD]
