"""LLaMA: a transformer that tells the next token, without biases, with turned queries and keys and gated units.

Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023, sections 2.2 and 2.3; of Llama 2,
Touvron et al., "Llama 2: Open Foundation and Fine-Tuned Chat Models", 2023, section 2.2. Input: `token_ids`, (batch,
length) whole numbers; output: (batch, length, vocabulary_size) logits of the token that follows each of them. No logit
depends on a later token.

    name               parameters  blocks  width  heads  units
    llama_7b        6,738,415,616      32   4096     32  11008
    llama_13b      13,015,864,320      40   5120     40  13824
    llama_33b      32,528,943,616      60   6656     52  17920
    llama_65b      65,285,660,672      80   8192     64  22016
    llama_2_70b    68,976,648,192      80   8192     64  28672

Each block is a stage; the last normalisation belongs to the last block's. Tokens are divided by their root mean square
before attention and before the gated units (epsilon 1e-6, Llama 2 1e-5). The units are two thirds of four widths, times
1.3 in the largest Llama 2, rounded up to a multiple of 256, there 4096. In Llama 2 of 70 billion eight heads share the
keys and values of one. The table of token vectors is not the output's kernel.

The authors' code turns numbers that stand next to each other in a head; here, as in the files of transformers, the
first half of a head is turned with its second, which is the same network with its rows in another order. The paper does
not say from what weights training begins; here it is a normal distribution of deviation 0.02.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl import config as settings
from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Positive
from keras_dl.lazy import keras, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class LLaMA(Config):
    """A transformer of causal attention with rotary positions and SwiGLU."""

    task: ClassVar[str] = "language_modeling"
    by_inputs: ClassVar[tuple[str, ...]] = ("_mixed", "_dense2")

    vocabulary_size: Count = 32000
    """tokens that there are; ids are below it"""
    length: Count = 2048
    """tokens of a text, all of them"""
    width: int = settings.width(4096, low=64, high=8192, multiple_of=64)
    """numbers in a token, a multiple of twice the heads"""
    heads: int = settings.width(32, low=1, high=64)
    """heads of attention"""
    key_value_heads: Count | None = None
    """heads of keys and values, a divisor of `heads` if there are more; by default each head has its own"""
    blocks: int = settings.depth(32, low=1, high=80)
    """transformer blocks"""
    unit_factor: Positive = 1.0
    """factor on the units of a block, two thirds of four widths"""
    unit_multiple: Count = 256
    """of which number the units are a multiple"""
    rotary_base: Positive = 10000.0
    """of what number the slowest angle's period is 2 pi times"""
    epsilon: Positive = 1e-6
    """added to the mean square that tokens are divided by the root of"""

    def __post_init__(self):
        super().__post_init__()
        if self.width % (2 * self.heads):
            nearest = max(1, round(self.width / (2 * self.heads))) * 2 * self.heads
            raise UsageError(
                f"width must be a multiple of twice the {self.heads} heads, got {self.width}; the nearest is {nearest}"
            )
        if self.heads % self.shared_heads:
            raise UsageError(f"key_value_heads must divide the {self.heads} heads, got {self.key_value_heads}")

    @property
    def shared_heads(self) -> int:
        """Heads of keys and values."""
        return min(self.heads, self.key_value_heads or self.heads)

    @property
    def units(self) -> int:
        """Units of a block."""
        wanted = int(self.unit_factor * int(8 * self.width / 3))
        return -(-wanted // self.unit_multiple) * self.unit_multiple


def normalization(x, config: LLaMA, name: str):
    """(batch, length, width) -> the same shape, each token divided by its root mean square."""
    return keras.layers.RMSNormalization(epsilon=config.epsilon, name=name)(x)


def dense(x, units: int, name: str, activation=None):
    """(batch, length, any) -> (batch, length, units)."""
    initializer = keras.initializers.RandomNormal(stddev=0.02)
    return keras.layers.Dense(units, activation, use_bias=False, kernel_initializer=initializer, name=name)(x)


def block(x, config: LLaMA, name: str):
    """(batch, length, width) -> the same shape: attention and gated units, each added to what it takes."""
    parts = config.width // config.heads * (config.heads + 2 * config.shared_heads)
    y = dense(normalization(x, config, f"{name}_norm1"), parts, f"{name}_queries_keys_values")
    y = layers.CausalAttention(
        config.heads, key_value_heads=config.shared_heads, rotary_base=config.rotary_base, name=f"{name}_attention"
    )(y)
    x = keras.layers.Add(name=f"{name}_add1")([x, dense(y, config.width, f"{name}_mixed")])
    y = normalization(x, config, f"{name}_norm2")
    gates = dense(y, config.units, f"{name}_gates", activation="silu")
    y = keras.layers.Multiply(name=f"{name}_gated")([gates, dense(y, config.units, f"{name}_dense1")])
    return keras.layers.Add(name=f"{name}_add2")([x, dense(y, config.width, f"{name}_dense2")])


def build(config: LLaMA) -> keras.Model:
    token_ids = keras.Input((config.length,), dtype="int32", name="token_ids")
    initializer = keras.initializers.RandomNormal(stddev=0.02)
    x = keras.layers.Embedding(
        config.vocabulary_size, config.width, embeddings_initializer=initializer, name="embedding"
    )(token_ids)
    for index in range(1, config.blocks + 1):
        x = block(x, config, f"stage{index}")
    x = normalization(x, config, f"stage{config.blocks}_norm")
    return keras.Model(token_ids, dense(x, config.vocabulary_size, "head"), name="llama")


VARIANTS = {
    "llama_7b": LLaMA(),
    "llama_13b": LLaMA(width=5120, heads=40, blocks=40),
    "llama_33b": LLaMA(width=6656, heads=52, blocks=60),
    "llama_65b": LLaMA(width=8192, heads=64, blocks=80),
    "llama_2_70b": LLaMA(
        length=4096,
        width=8192,
        heads=64,
        key_value_heads=8,
        blocks=80,
        unit_factor=1.3,
        unit_multiple=4096,
        epsilon=1e-5,
    ),
}
PAPERS = {"llama_2_70b": ("Llama 2: Open Foundation and Fine-Tuned Chat Models", "2023")}
