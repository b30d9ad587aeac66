"""GPT: a transformer that tells the next token from those before it.

Radford, Wu, Child, Luan, Amodei & Sutskever, "Language Models are Unsupervised Multitask Learners", 2019, section 2.3.
Input: `token_ids`, (batch, length) whole numbers; output: (batch, length, vocabulary_size) logits of the token that
follows each of them. No logit depends on a later token.

    name             parameters  blocks  width  heads
    gpt1            116,534,784      12    768     12
    gpt2_small      124,439,808      12    768     12
    gpt2_medium     354,823,168      24   1024     16
    gpt2_large      774,030,080      36   1280     20
    gpt2_xl       1,557,611,200      48   1600     25
    gpt3        174,604,259,328      96  12288     96

Each block is a stage; the last normalisation belongs to the last block's. Tokens are normalised before attention and
before the multilayer perceptron (epsilon 1e-5), in GPT-1 after what each of the two has added; all dense layers have
biases, the GELU is the one with the tanh, and the table of token vectors is the output's kernel too, counted once.
GPT-1 is Radford, Narasimhan, Salimans & Sutskever, "Improving Language Understanding by Generative Pre-Training", 2018.
GPT-3 is Brown et al., "Language Models are Few-Shot Learners", NeurIPS 2020, table 2.1; every second of its layers
attends to some tokens only, in a pattern that was not published: here all attend to all, with the same weights.

The paper's table 2 says 117, 345, 762 and 1542 million parameters, which are no sums of the published weights. It
scales the kernels that end in a residual sum, at the start, by the root of their number, 1 / sqrt(2 * blocks); the
authors' published code, which only runs trained networks, draws them as all others, with a standard deviation of 0.02,
and the vectors of positions with 0.01. Here the kernels follow the paper and the rest the code. Dropout, of which
neither speaks, follows the embedding, the attention and each residual branch, as in the GPT of 2018.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar, Literal

from keras_dl.config import Config, depth, width
from keras_dl.fields import Count, Share, at_least
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class GPT(Config):
    """A transformer of causal attention."""

    task: ClassVar[str] = "language_modeling"
    by_inputs: ClassVar[tuple[str, ...]] = ("_mixed", "_dense2")

    vocabulary_size: Annotated[int, at_least(2)] = 50257
    """tokens that there are; ids are below it"""
    length: Count = 1024
    """tokens of a text, all of them"""
    heads: int = width(12, low=1, high=25)
    """heads of attention"""
    head_width: Count = 64
    """width of a head; a token is `heads` times as wide"""
    blocks: int = depth(12, low=1, high=48)
    """transformer blocks"""
    dropout: Share = 0.1
    """fraction of embedded tokens, of attention and of what a block adds that is dropped"""
    normalization: Literal["before", "after"] = "before"
    """whether tokens are normalised before attention and perceptron, or after what these have added"""

    @property
    def width(self) -> int:
        """Numbers in a token."""
        return self.heads * self.head_width


def normal(deviation: float = 0.02):
    """A fresh initializer for each kernel: one instance gives the same numbers again."""
    return keras.initializers.RandomNormal(stddev=deviation)


def normalization(x, name: str):
    """(batch, length, width) -> the same shape."""
    return keras.layers.LayerNormalization(epsilon=1e-5, name=name)(x)


def dense(x, units: int, name: str, deviation: float = 0.02, activation=None):
    """(batch, length, any) -> (batch, length, units)."""
    return keras.layers.Dense(units, activation=activation, kernel_initializer=normal(deviation), name=name)(x)


def dropout(x, config: GPT, name: str):
    """`x`, some of it dropped while training."""
    return keras.layers.Dropout(config.dropout, name=name)(x) if config.dropout else x


def block(x, config: GPT, name: str):
    """(batch, length, width) -> the same shape: attention and a perceptron, each added to what it takes."""
    before = config.normalization == "before"
    residual = 0.02 / (2 * config.blocks) ** 0.5 if before else 0.02
    y = normalization(x, f"{name}_norm1") if before else x
    y = dense(y, 3 * config.width, f"{name}_queries_keys_values")
    y = layers.CausalAttention(config.heads, config.dropout, name=f"{name}_attention")(y)
    y = dropout(dense(y, config.width, f"{name}_mixed", residual), config, f"{name}_dropout1")
    x = keras.layers.Add(name=f"{name}_add1")([x, y])
    x = x if before else normalization(x, f"{name}_norm1")
    y = normalization(x, f"{name}_norm2") if before else x
    y = dense(y, 4 * config.width, f"{name}_dense1", activation=layers.tanh_gelu)
    y = dropout(dense(y, config.width, f"{name}_dense2", residual), config, f"{name}_dropout2")
    x = keras.layers.Add(name=f"{name}_add2")([x, y])
    return x if before else normalization(x, f"{name}_norm2")


def build(config: GPT) -> keras.Model:
    token_ids = keras.Input((config.length,), dtype="int32", name="token_ids")
    table = keras.layers.ReversibleEmbedding(
        config.vocabulary_size, config.width, embeddings_initializer=normal(), name="embedding"
    )
    x = layers.Positions(normal(0.01), name="embedding_positions")(table(token_ids))
    x = dropout(x, config, "embedding_dropout")
    for index in range(1, config.blocks + 1):
        x = block(x, config, f"stage{index}")
    if config.normalization == "before":
        x = normalization(x, f"stage{config.blocks}_norm")
    return keras.Model(token_ids, table(x, reverse=True), name="gpt")


VARIANTS = {
    "gpt1": GPT(vocabulary_size=40478, length=512, normalization="after"),
    "gpt2_small": GPT(),
    "gpt2_medium": GPT(heads=16, blocks=24),
    "gpt2_large": GPT(heads=20, blocks=36),
    "gpt2_xl": GPT(heads=25, blocks=48),
    "gpt3": GPT(length=2048, heads=96, head_width=128, blocks=96),
}
PAPERS = {
    "gpt1": ("Improving Language Understanding by Generative Pre-Training", "2018"),
    "gpt3": ("Language Models are Few-Shot Learners", "2020"),
}
