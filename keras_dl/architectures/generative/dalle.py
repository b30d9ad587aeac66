"""DALL-E, small: a discrete autoencoder of pictures, and a transformer that tells their codes from a caption.

Ramesh et al., "Zero-Shot Text-to-Image Generation", ICML 2021, section 2. Input: a dict of `image`, (batch, side, side,
channels), pixels 0..255, and `token_ids`, (batch, length + cells), a caption and the codes of a picture; output: a dict
of `codes`, (batch, rows, rows, codes), the logits of the codes of the cells, `image`, the picture made of the likeliest
of them, pixels around 0..255, and `tokens`, (batch, length + cells, tokens), the logits of what follows each token.

    name         parameters  autoencoder  transformer
    dalle_small   1,672,403      463,235    1,209,168

Three models lie within: `encoder`, from pictures to logits, `decoder`, from shares of the codes to pictures, and
`transformer`. Tokens are numbered through: words, a pad for each place of a caption, codes. The first token stands for
the beginning, the last code of a picture is only told.

The form is that of dalle_pytorch: two 4x4 convolutions that halve, one residual block, a table of codes; blocks of
attention and of a gated perceptron (GELU), each normalised before and scaled after, and rotations in place of learned
positions (`layers.PictureAttention`). Its shift of some numbers of a token to its neighbours, which has no weights, is
left out. The paper's, of 12 billion parameters, has learned positions and sparse attention.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, at_least
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class DALLE(Config):
    """A discrete autoencoder and a transformer over captions and codes."""

    task: ClassVar[str] = "text_to_picture"

    input_shape: tuple[Count, Count, Count] = (32, 32, 3)
    """height, width and channels of a picture"""
    halvings: Count = 2
    """how often a picture is halved down to its grid of codes"""
    filters: int = width(64, low=8, high=256)
    """filters of the autoencoder"""
    codes: Annotated[int, at_least(2)] = 512
    """codes that there are"""
    code_width: Count = 128
    """numbers that the decoder takes for a code"""
    vocabulary_size: Annotated[int, at_least(2)] = 64
    """words that there are; ids are below it"""
    length: Count = 16
    """words of a caption, its end among them"""
    heads: int = width(4, low=1, high=16)
    """heads of attention"""
    head_width: Annotated[int, at_least(6)] = 32
    """width of a head; a token is `heads` times as wide"""
    blocks: int = depth(4, low=1, high=24)
    """transformer blocks"""

    def __post_init__(self):
        super().__post_init__()
        height, width, _ = self.input_shape
        if height != width or height % self.unit:
            raise UsageError(
                f"a {self.family} of {self.halvings} halvings takes square pictures whose side is a multiple of "
                f"{self.unit}, got {height}x{width}"
            )

    @property
    def unit(self) -> int:
        """Pixels of a side of a cell."""
        return 2**self.halvings

    @property
    def side(self) -> int:
        """Cells in a row of the grid."""
        return self.input_shape[0] // self.unit

    @property
    def width(self) -> int:
        """Numbers in a token."""
        return self.heads * self.head_width

    @property
    def words(self) -> int:
        """Tokens before the first that is a code."""
        return self.vocabulary_size + self.length

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        *size, channels = spec.shape
        side = self.unit * max(1, round(min(size) / self.unit))
        spec.check_size((side, side, channels), self.family)
        return super().for_data(spec.replace(spec.input, shape=(side, side, channels)))


def residual(x, filters: int, name: str):
    """(batch, rows, columns, filters) -> the same: three convolutions, added to what they take."""
    y = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv1")(x)
    y = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv2")(y)
    y = keras.layers.Conv2D(filters, 1, name=f"{name}_conv3")(y)
    return keras.layers.Add(name=f"{name}_add")([y, x])


def encoder(config: DALLE) -> keras.Model:
    """(batch, side, side, channels) -> (batch, rows, rows, codes)."""
    image = keras.Input(config.input_shape, name="image")
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="encoder_normalization")(image)
    for stage in range(1, config.halvings + 1):
        x = keras.layers.Conv2D(
            config.filters, 4, 2, padding="same", activation="relu", name=f"encoder_stage{stage}_conv"
        )(x)
    x = residual(x, config.filters, "encoder_block")
    return keras.Model(image, keras.layers.Conv2D(config.codes, 1, name="encoder_head")(x), name="encoder")


def decoder(config: DALLE) -> keras.Model:
    """(batch, rows, rows, codes) -> (batch, side, side, channels)."""
    shares = keras.Input((config.side, config.side, config.codes), name="shares")
    x = keras.layers.Dense(config.code_width, use_bias=False, kernel_initializer=normal(1.0), name="decoder_table")(
        shares
    )
    x = residual(keras.layers.Conv2D(config.filters, 1, name="decoder_stem")(x), config.filters, "decoder_block")
    for stage in range(1, config.halvings + 1):
        x = keras.layers.Conv2DTranspose(
            config.filters, 4, 2, padding="same", activation="relu", name=f"decoder_stage{stage}_deconv"
        )(x)
    x = keras.layers.Conv2D(config.input_shape[2], 1, name="decoder_head")(x)
    return keras.Model(shares, keras.layers.Rescaling(127.5, 127.5, name="decoder_pixels")(x), name="decoder")


def normal(deviation: float = 0.02):
    """A fresh initializer for each table: one instance gives the same numbers again."""
    return keras.initializers.RandomNormal(stddev=deviation)


def block(x, config: DALLE, name: str):
    """(batch, length, width) -> the same: attention and a gated perceptron, each added to what it takes."""
    y = keras.layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm1")(x)
    y = keras.layers.Dense(3 * config.width, use_bias=False, name=f"{name}_queries_keys_values")(y)
    y = layers.PictureAttention(config.heads, config.length + 1, config.side, name=f"{name}_attention")(y)
    y = keras.layers.Dense(config.width, name=f"{name}_mixed")(y)
    x = keras.layers.Add(name=f"{name}_add1")([x, layers.LayerScale(name=f"{name}_scale1")(y)])
    y = keras.layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm2")(x)
    values = keras.layers.Dense(4 * config.width, name=f"{name}_values")(y)
    gates = keras.layers.Dense(4 * config.width, activation="gelu", name=f"{name}_gates")(y)
    y = keras.layers.Multiply(name=f"{name}_gated")([values, gates])
    y = keras.layers.Dense(config.width, name=f"{name}_dense")(y)
    return keras.layers.Add(name=f"{name}_add2")([x, layers.LayerScale(name=f"{name}_scale2")(y)])


def transformer(config: DALLE) -> keras.Model:
    """(batch, length + cells) -> (batch, length + cells, tokens)."""
    token_ids = keras.Input((config.length + config.side**2,), dtype="int32", name="token_ids")
    tokens = config.words + config.codes
    x = keras.layers.Embedding(tokens, config.width, embeddings_initializer=normal(), name="transformer_embedding")(
        token_ids
    )
    for stage in range(1, config.blocks + 1):
        x = block(x, config, f"transformer_stage{stage}")
    x = keras.layers.LayerNormalization(epsilon=1e-5, name="transformer_norm")(x)
    return keras.Model(token_ids, keras.layers.Dense(tokens, name="transformer_head")(x), name="transformer")


def build(config: DALLE) -> keras.Model:
    image = keras.Input(config.input_shape, name="image")
    token_ids = keras.Input((config.length + config.side**2,), dtype="int32", name="token_ids")
    codes = encoder(config)(image)
    again = decoder(config)(layers.Likeliest(name="likeliest")(codes))
    outputs = {"codes": codes, "image": again, "tokens": transformer(config)(token_ids)}
    return keras.Model({"image": image, "token_ids": token_ids}, outputs, name="dalle")


VARIANTS = {"dalle_small": DALLE()}
