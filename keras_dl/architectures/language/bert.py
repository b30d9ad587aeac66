"""BERT: a transformer that reads a text in both directions.

Devlin, Chang, Lee & Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
NAACL 2019, section 3. Inputs, all (batch, length): `token_ids`, whole numbers; `padding_mask`, True where there is a
token; and `segment_ids`, 0 for the first of two texts, 1 for the second, and 0 for one alone. The output is what the
`head` tells; without classes it is what other networks go on from, `tokens`, (batch, length, width), and `pooled`,
(batch, width), of the first token.

    name         parameters  blocks  width  heads
    bert_base   109,482,240      12    768     12
    bert_large  335,141,888      24   1024     16
    bert_tiny     4,385,920       2    128      2

These counts are without a head. bert_tiny is of Turc, Chang, Lee & Toutanova, "Well-Read Students Learn Better: On the
Importance of Pre-training Compact Models", 2019. Each block is a stage; tokens are normalised after what attention and
perceptron have added (epsilon 1e-12), and all dense layers have biases. Heads, by what they give:

- text: logits of the `classes` of a text, from `pooled`.
- tokens: logits of the `classes` of each token, (batch, length, classes).
- span: logits (batch, length) of where an answer starts, `start`, and of its last token, `end`.
- words: logits of the word at each place, (batch, length, vocabulary_size), by the table of the embedding.
- words_and_next: these, `words`, and `next`, (batch, 2), the first of which says that the second text follows, as
  published.

`pooled` is only there where it is used. The GELU is the exact one, as in transformers; the authors' code and KerasHub
take the one with the tanh, 2e-4 apart at two random blocks. Kernels and vectors come from a normal distribution of
standard deviation 0.02, cut off at two of them. Dropout follows the embedding, the attention and what each branch adds,
and stands before the heads that fine-tuning adds, all but that of words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share, at_least
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class BERT(Config):
    """A transformer of attention in both directions."""

    task: ClassVar[str] = "classification"
    pieces: ClassVar[str] = "wordpiece"
    """what texts are made of unless a task is told otherwise"""
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 3e-4, "schedule": "cosine"}

    vocabulary_size: Annotated[int, at_least(2)] = 30522
    """tokens that there are; ids are below it"""
    length: Count = 512
    """tokens of a text, all of them; of texts to learn from no more than the longest has"""
    segments: Count = 2
    """kinds of texts that make one together"""
    heads: int = width(12, low=1, high=16)
    """heads of attention"""
    head_width: Count = 64
    """width of a head; a token is `heads` times as wide"""
    blocks: int = depth(12, low=1, high=24)
    """transformer blocks"""
    dropout: Share = 0.1
    """fraction of embedded tokens, of attention and of what a block adds that is dropped"""
    head: Literal["text", "tokens", "span", "words", "words_and_next"] = "text"
    """what is told; tasks set it"""
    classes: Annotated[int, at_least(1)] | None = None
    """outputs of the heads text and tokens; without them there is no such head"""

    @property
    def width(self) -> int:
        """Numbers in a token."""
        return self.heads * self.head_width

    @property
    def pools(self) -> bool:
        """Whether the first token alone is used."""
        return self.head in ("text", "words_and_next")

    def fresh_from(self, own):
        if (self.head, self.classes) == (own.head, own.classes):
            return ()
        return ("head", "pooler") if self.pools and not own.pools else ("head",)

    def for_data(self, spec):
        column = spec.columns.get("token_ids")
        if column is None:
            raise UsageError(f"{self.family} takes texts, {spec.name} is {spec.kind}")
        return super().for_data(spec).replace(length=column.shape[0])


def normal():
    """A fresh initializer for each kernel: one instance gives the same numbers again."""
    return keras.initializers.TruncatedNormal(stddev=0.02)


def normalization(x, name: str):
    """(batch, length, width) -> the same shape."""
    return keras.layers.LayerNormalization(epsilon=1e-12, name=name)(x)


def dense(x, units: int, name: str, activation=None):
    """(batch, ..., any) -> (batch, ..., units)."""
    return keras.layers.Dense(units, activation=activation, kernel_initializer=normal(), name=name)(x)


def dropout(x, config: BERT, name: str):
    """`x`, some of it dropped while training."""
    return keras.layers.Dropout(config.dropout, name=name)(x) if config.dropout else x


def block(x, mask, config: BERT, name: str):
    """(batch, length, width) -> the same shape: attention and a perceptron, each added to what it takes."""
    queries = dense(x, config.width, f"{name}_queries")
    keys_and_values = dense(x, 2 * config.width, f"{name}_keys_values")
    attention = layers.MaskedAttention(config.heads, config.dropout, name=f"{name}_attention")
    y, _ = attention([queries, keys_and_values, mask])
    y = dropout(dense(y, config.width, f"{name}_mixed"), config, f"{name}_dropout1")
    x = normalization(keras.layers.Add(name=f"{name}_add1")([x, y]), f"{name}_norm1")
    y = dense(x, 4 * config.width, f"{name}_dense1", activation="gelu")
    y = dropout(dense(y, config.width, f"{name}_dense2"), config, f"{name}_dropout2")
    return normalization(keras.layers.Add(name=f"{name}_add2")([x, y]), f"{name}_norm2")


def pooled(x):
    """Tokens (batch, length, width) -> (batch, width), of the first of them."""
    first = keras.layers.Cropping1D((0, x.shape[1] - 1), name="pooler_token")(x)
    return dense(keras.layers.Flatten(name="pooler_flatten")(first), x.shape[-1], "pooler", activation="tanh")


def told(x, table, config: BERT):
    """What the head of `config` makes of the tokens `x`, (batch, length, width); `table` is the embedding."""
    if config.head == "span":
        x = dropout(x, config, "head_dropout")
        ends = {end: dense(x, 1, f"head_{end}") for end in ("start", "end")}
        return {end: keras.layers.Flatten(name=f"head_{end}_flatten")(logits) for end, logits in ends.items()}
    if config.head.startswith("words"):
        y = normalization(dense(x, config.width, "head_dense", activation="gelu"), "head_norm")
        words = layers.Bias(name="head_bias")(table(y, reverse=True))
        return words if config.head == "words" else {"words": words, "next": dense(pooled(x), 2, "head_next")}
    if config.classes is None:
        return {"tokens": x, "pooled": pooled(x)}
    y = x if config.head == "tokens" else pooled(x)
    return dense(dropout(y, config, "head_dropout"), config.classes, "head")


def build(config: BERT) -> keras.Model:
    shape = (config.length,)
    token_ids = keras.Input(shape, dtype="int32", name="token_ids")
    mask = keras.Input(shape, dtype="bool", name="padding_mask")
    segment_ids = keras.Input(shape, dtype="int32", name="segment_ids")
    table = keras.layers.ReversibleEmbedding(
        config.vocabulary_size, config.width, embeddings_initializer=normal(), name="embedding"
    )
    segments = keras.layers.Embedding(
        config.segments, config.width, embeddings_initializer=normal(), name="embedding_segments"
    )(segment_ids)
    x = keras.layers.Add(name="embedding_add")([table(token_ids), segments])
    x = layers.Positions(normal(), name="embedding_positions")(x)
    x = dropout(normalization(x, "embedding_norm"), config, "embedding_dropout")
    for index in range(1, config.blocks + 1):
        x = block(x, mask, config, f"stage{index}")
    inputs = {"token_ids": token_ids, "padding_mask": mask, "segment_ids": segment_ids}
    return keras.Model(inputs, told(x, table, config), name="bert")


VARIANTS = {
    "bert_base": BERT(),
    "bert_large": BERT(heads=16, blocks=24),
    "bert_tiny": BERT(heads=2, blocks=2),
}
PAPERS = {
    "bert_tiny": ("Well-Read Students Learn Better: On the Importance of Pre-training Compact Models", "2019"),
}
