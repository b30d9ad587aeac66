"""Language modeling: the next token of a text, from those before it.

The loss is in nats per token, over all tokens of a split but the first of a text; pads count nothing. The perplexity is
its exponential, so of two networks the one of the smaller loss has the smaller perplexity where their tokens are the
same.

Where the training split is one text, such as tiny_shakespeare, an epoch has as many windows as lie side by side in it.
In training each begins at a place of its own, drawn anew in each epoch, up to one length behind its place in the text;
in evaluation they lie side by side, so that each token is told once. Many texts are an example each, between tokens of
their beginning and end, and cut where they are longer than the network.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import numpy as np

from keras_dl.data.continued import FOLLOWING, NOTHING, continued
from keras_dl.data.tokenized import MASK, TOKENS
from keras_dl.data.vocabulary import Vocabulary
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NotNegative, Seed, up_to
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import BATCH, Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class LanguageModeling(Task):
    """Tell the next token; answers go on with a text."""

    objective = LOSS
    wants = (("text",),)

    pieces: Literal["words", "characters", "bpe"] = "characters"
    """what texts are made of"""
    vocabulary_size: Count | None = None
    """most tokens, the frequent ones; by default all words or characters, and 4,000 pieces of bpe"""
    vocabulary: str | None = None
    """file of a published vocabulary in place of these, vocab.json or tokenizer.json, or a saved model"""
    written: Count = 200
    """tokens that an answer adds to a text"""
    temperature: NotNegative = 0.8
    """what logits are divided by before a token is drawn; 0 takes the likeliest"""
    top_k: Count | None = None
    """how many of the likeliest tokens can be drawn; by default all"""
    top_p: Annotated[float, up_to(1)] | None = None
    """of the likeliest tokens the fewest with this share can be drawn; by default all"""
    beam_width: Count = 1
    """beginnings that are gone on with side by side; with more than one, nothing is drawn: the likeliest is answered"""
    answer_seed: Seed = 0
    """decides what is drawn"""
    weights: Literal["float32", "int8"] | None = None
    """write texts one at a time by XLA, which compiles for some seconds, with weights of this type; by default not"""

    def __post_init__(self):
        super().__post_init__()
        if self.weights is not None and self.beam_width > 1:
            raise UsageError(f"weights={self.weights} is for one beginning at a time; got {self.beam_width} beams")

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if not (hasattr(config, "length") and hasattr(config, "vocabulary_size")):
            raise UsageError(f"{self.name} is for networks that take tokens, such as gpt2_small; not {config.family}")
        settings = {"pieces": self.pieces, "size": self.vocabulary_size, "file": self.vocabulary}
        return continued(data, config.length, **settings, like=like)

    def inputs(self, batch):
        ids = batch[TOKENS]
        return {TOKENS: tf.maximum(ids, 0), MASK: ids != NOTHING}

    def prepare(self, batch, key):
        tokens, following = batch[TOKENS], batch[FOLLOWING]
        length, places = tokens.shape[1], following.shape[1]
        both = tf.concat([tokens, following], axis=1)
        if key is None or places == 1:
            window = both[:, : length + 1]
        else:
            starts = tf.random.stateless_uniform([tf.shape(both)[0], 1], key, 0, places, "int32")
            window = tf.gather(both, starts + tf.range(length + 1), axis=1, batch_dims=1)
        x, y = window[:, :-1], window[:, 1:]
        return self.inputs({TOKENS: x}), tf.maximum(y, 0), tf.cast(y != NOTHING, "float32")

    def learner(self, network, config, options):
        from keras_dl.learning.next_token import NextToken

        return NextToken(network, config.length, config.vocabulary_size, options.label_smoothing)

    def answers(self, network, config, inputs, spec):
        vocabulary, ids, given, end = self._begun(inputs, spec)
        texts = []
        size = BATCH if self.weights is None else 1
        for start in range(0, len(ids), size):
            batch = slice(start, start + size)
            texts += self._continued(network, vocabulary, ids[batch], given[batch], end)
        return [{"text": text} for text in vocabulary.decode(texts)]

    def asked(self, network, inputs):
        ids = inputs[TOKENS]
        last = np.count_nonzero(ids != NOTHING, axis=1) - 1
        told = self.outputs(network, {TOKENS: ids})[np.arange(len(ids)), last].argmax(axis=-1)
        return np.stack([last, told], axis=1), last

    def streamed(self, network, config, inputs, spec):
        """The text of `answers` for one input of `inputs`, in parts, as soon as they are written."""
        from keras_dl import decoding

        vocabulary, ids, given, end = self._begun(inputs, spec)
        if self.beam_width > 1:
            yield self.answers(network, config, inputs, spec)[0]["text"]
            return
        texts, next_logits = self._room(ids, given), self._next_logits(network, vocabulary, end)
        choose, told = self._choose(texts.shape), ""
        for found in decoding.streaming(network, next_logits, texts, given, choose, end=end, xla=self._xla):
            text = vocabulary.decode(found)[0]
            whole = text.rstrip("\ufffd")  # the last letter may lack some of its bytes
            if whole.startswith(told):
                yield whole[len(told) :]
                told = whole
        yield text[len(told) :]

    def _begun(self, inputs, spec) -> tuple[Vocabulary, np.ndarray, np.ndarray, int | None]:
        """The vocabulary, the ids of texts (n, length), how many each has, and the token that ends them if one does."""
        if FOLLOWING not in spec.columns:  # texts have been read as for other networks, with 0 for the pad
            raise UsageError(f"the spec of a network that goes on with texts has the column {FOLLOWING}; it is missing")
        column, ids = spec.columns[TOKENS], inputs[TOKENS]
        vocabulary = Vocabulary.from_json(column.vocabulary)
        given = np.count_nonzero(ids != NOTHING, axis=1).astype("int32")
        if not given.all():
            raise UsageError(f"a text to go on with has {vocabulary.pieces} in it; one of these has none")
        return vocabulary, ids, given, vocabulary.special[3] if column.bounded else None

    def _continued(
        self, network, vocabulary: Vocabulary, ids: np.ndarray, given: np.ndarray, end: int | None
    ) -> list[np.ndarray]:
        """`ids` (n, length), the first `given` (n,) of each followed by `written` more, or fewer up to `end`."""
        from keras_dl import decoding
        from keras_dl.lazy import keras

        texts, next_logits = self._room(ids, given), self._next_logits(network, vocabulary, end)

        def write(texts, given):
            if self.beam_width > 1:
                return decoding.beam(next_logits, texts, given, width=self.beam_width, end=end)[0][:, 0]
            return decoding.continued(next_logits, texts, given, self._choose(texts.shape), end)

        found = keras.ops.convert_to_numpy(decoding.compiled(write, network, xla=self._xla)(texts, given))
        return [row[: count + self.written] for row, count in zip(found, given, strict=True)]

    @property
    def _xla(self) -> bool:
        """Whether XLA compiles the writing."""
        return self.weights is not None

    def _room(self, ids: np.ndarray, given: np.ndarray) -> np.ndarray:
        """`ids` as long as the longest text will be."""
        return np.pad(np.maximum(ids[:, : given.max()], 0), ((0, 0), (0, self.written)))

    def _next_logits(self, network, vocabulary: Vocabulary, end: int | None):
        """The logits of tokens that a text may have."""
        from keras_dl import decoding

        never = [one for one in vocabulary.special if one != end]
        return decoding.without(decoding.causal(network, self.weights), never)

    def _choose(self, shape: tuple[int, ...]):
        """How the next token is chosen, for texts (n, length) of this shape."""
        from keras_dl import decoding

        if self.temperature == 0:
            return decoding.likeliest
        numbers = decoding.uniform_numbers(self.answer_seed, *shape)
        return decoding.drawing(numbers, temperature=self.temperature, top_k=self.top_k, top_p=self.top_p)
