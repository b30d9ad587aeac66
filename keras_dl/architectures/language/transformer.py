"""The Transformer: translation by attention alone.

Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser & Polosukhin, "Attention Is All You Need", NIPS 2017, section
3 and table 3. Inputs: `source_token_ids`, (batch, source_length) whole numbers, `source_padding_mask`, the same shape,
True where there is a token, and `target_token_ids`, (batch, target_length): the token of the beginning and the
translation but for its last token. Output: (batch, target_length, vocabulary_size) logits of the tokens of the
translation, each from those before it.

    name                parameters  blocks  width  heads  units  dropout
    transformer_base    63,082,496       6    512      8   2048      0.1
    transformer_big    214,245,376       6   1024     16   4096      0.3

Both languages and the logits share one table of token vectors, the layer `embedding`, here of the paper's 37,000 for
English and German; the paper's 65 and 213 million are rounded. The nested models `encoder` and `decoder` are what a
translation uses. What a block adds is normalised after it was added (epsilon 1e-6, as the authors' code has it); all
dense layers have biases. Kernels come from Glorot's distribution and token vectors from a normal one of deviation
1 / sqrt(width), which the paper leaves open. Dropout follows the sums of vectors and waves, and all that is added.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar

from keras_dl import config as settings
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Share, at_least
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transformer(Config):
    """An encoder and a decoder of attention."""

    task: ClassVar[str] = "translation"

    vocabulary_size: Annotated[int, at_least(2)] = 37000
    """tokens of both languages together; ids are below it"""
    source_length: Count = 64
    """tokens of a sentence that is read, pads included"""
    target_length: Count = 64
    """tokens of a sentence that is written, pads included"""
    width: int = settings.width(512, low=32, high=1024, multiple_of=32)
    """numbers in a token, an even multiple of the heads"""
    heads: int = settings.width(8, low=1, high=16)
    """heads of attention"""
    units: int = settings.width(2048, low=64, high=4096)
    """hidden units of a block's perceptron"""
    blocks: int = settings.depth(6, low=1, high=12)
    """blocks of the encoder, and of the decoder"""
    dropout: Share = 0.1
    """fraction of embedded tokens and of what a block adds that is dropped"""

    def __post_init__(self):
        super().__post_init__()
        if self.width % self.heads or self.width % 2:
            raise UsageError(f"width must be even and a multiple of the {self.heads} heads, got {self.width}")


def added(x, y, config: Transformer, name: str, part: int):
    """`x` and what a `part` of the block `name` makes of it, `y`, both (batch, length, width): summed, normalised."""
    y = keras.layers.Dropout(config.dropout, name=f"{name}_dropout{part}")(y)
    x = keras.layers.Add(name=f"{name}_add{part}")([x, y])
    return keras.layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm{part}")(x)


def looking(x, seen, mask, config: Transformer, name: str):
    """What `x` (batch, length, width) finds in `seen` (batch, other, width) where `mask` (batch, other) is True.

    Gives (batch, length, width) and the attention, (batch, length, other).
    """
    queries = keras.layers.Dense(config.width, name=f"{name}_queries")(x)
    keys_and_values = keras.layers.Dense(2 * config.width, name=f"{name}_keys_values")(seen)
    mixed, attention = layers.MaskedAttention(config.heads, name=f"{name}_attention")([queries, keys_and_values, mask])
    return keras.layers.Dense(config.width, name=f"{name}_mixed")(mixed), attention


def perceptron(x, config: Transformer, name: str):
    """(batch, length, width) -> the same shape."""
    x = keras.layers.Dense(config.units, activation="relu", name=f"{name}_dense1")(x)
    return keras.layers.Dense(config.width, name=f"{name}_dense2")(x)


def placed(x, config: Transformer, name: str):
    """Vectors of tokens, (batch, length, width), with the waves of their places."""
    x = layers.Sinusoids(name=f"{name}_positions")(x)
    return keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)


def encoder(config: Transformer) -> keras.Model:
    """`source_vectors`, (batch, source_length, width), and their mask in; `memory`, of the same shape, out."""
    vectors = keras.Input((config.source_length, config.width), name="source_vectors")
    mask = keras.Input((config.source_length,), dtype="bool", name="source_padding_mask")
    x = placed(vectors, config, "encoder")
    for name in (f"encoder{index}" for index in range(1, config.blocks + 1)):
        y, _ = looking(x, x, mask, config, name)
        x = added(x, y, config, name, 1)
        x = added(x, perceptron(x, config, name), config, name, 2)
    return keras.Model({"source_vectors": vectors, "source_padding_mask": mask}, {"memory": x}, name="encoder")


def decoder(config: Transformer) -> keras.Model:
    """`target_vectors`, (batch, target_length, width), and what `encoder` gives, with its mask, in.

    `hidden`, (batch, target_length, width), and the `attention` of the last block, (batch, target_length,
    source_length), the mean of its heads, out.
    """
    vectors = keras.Input((config.target_length, config.width), name="target_vectors")
    memory = keras.Input((config.source_length, config.width), name="memory")
    mask = keras.Input((config.source_length,), dtype="bool", name="source_padding_mask")
    x = placed(vectors, config, "decoder")
    for name in (f"decoder{index}" for index in range(1, config.blocks + 1)):
        y = keras.layers.Dense(3 * config.width, name=f"{name}_queries_keys_values")(x)
        y = layers.CausalAttention(config.heads, name=f"{name}_self_attention")(y)
        x = added(x, keras.layers.Dense(config.width, name=f"{name}_self_mixed")(y), config, name, 1)
        y, attention = looking(x, memory, mask, config, name)
        x = added(x, y, config, name, 2)
        x = added(x, perceptron(x, config, name), config, name, 3)
    inputs = {"target_vectors": vectors, "memory": memory, "source_padding_mask": mask}
    return keras.Model(inputs, {"hidden": x, "attention": attention}, name="decoder")


def build(config: Transformer) -> keras.Model:
    source = keras.Input((config.source_length,), dtype="int32", name="source_token_ids")
    mask = keras.Input((config.source_length,), dtype="bool", name="source_padding_mask")
    target = keras.Input((config.target_length,), dtype="int32", name="target_token_ids")
    table = keras.layers.ReversibleEmbedding(
        config.vocabulary_size,
        config.width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=config.width**-0.5),
        name="embedding",
    )
    memory = encoder(config)({"source_vectors": table(source), "source_padding_mask": mask})
    found = decoder(config)({"target_vectors": table(target), **memory, "source_padding_mask": mask})
    inputs = {"source_token_ids": source, "source_padding_mask": mask, "target_token_ids": target}
    return keras.Model(inputs, table(found["hidden"], reverse=True), name="transformer")


VARIANTS = {
    "transformer_base": Transformer(),
    "transformer_big": Transformer(width=1024, heads=16, units=4096, dropout=0.3),
}
