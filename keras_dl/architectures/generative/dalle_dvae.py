"""The discrete variational autoencoder of DALL-E: a grid of codes for each picture, and a picture for each grid.

Ramesh et al., "Zero-Shot Text-to-Image Generation", ICML 2021, section 2.1 and appendix A. Input: `image`, (batch,
height, width, channels), pixels 0..255; output: a dict of `codes`, (batch, rows, columns, codes), the logits of the
codes of each cell, and `image`, (batch, height, width, 2 * channels), of every pixel the location and the logarithm of
the scale of its logit-Laplace distribution, made of the likeliest codes.

    name                parameters     encoder     decoder
    dalle_dvae_openai   97,616,006  53,786,240  43,829,766

Two models lie within: `encoder`, from pictures to logits, and `decoder`, from shares of the codes, (batch, rows,
columns, codes), to distributions. Both are residual networks of four groups of blocks with bottlenecks; the encoder
halves by the maximum between groups, the decoder doubles by repetition. What a block adds is divided by the square of
the number of blocks. Pixels, divided by 255, come from .1 to .9, where their logits are bounded.

The details are those of the authors' published code, which only runs trained networks.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec

GROUPS = 4
UNIT = 2 ** (GROUPS - 1)
"""pixels of a side of a cell"""
EDGE = 0.1
"""how near to 0 and 1 a pixel comes"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DALLEDiscreteVAE(Config):
    """A discrete autoencoder of bottleneck residual blocks."""

    task: ClassVar[str] = "discrete_autoencoding"

    input_shape: tuple[Count, Count, Count] = (256, 256, 3)
    """height, width and channels of a picture"""
    codes: Count = 8192
    """codes that there are"""
    filters: int = width(256, low=4, high=512, multiple_of=4)
    """filters at full resolution; each of three halvings doubles them"""
    first_filters: Count = 128
    """filters that the decoder starts with"""
    blocks: int = depth(2, low=1, high=4)
    """residual blocks in each of four groups"""

    def __post_init__(self):
        super().__post_init__()
        height, width, _ = self.input_shape
        if height % UNIT or width % UNIT:
            raise UsageError(
                f"input {height}x{width} does not fit a {self.family}, whose sides are multiples of {UNIT}; use at "
                f"least {UNIT}x{UNIT}"
            )
        if self.filters % 4:
            raise UsageError(f"filters must be a multiple of 4, got {self.filters}")

    @property
    def smallest_size(self) -> int:
        return UNIT

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        *size, channels = spec.shape
        shape = (*(UNIT * max(1, round(side / UNIT)) for side in size), channels)
        spec.check_size(shape, self.family)
        return self.replace(input_shape=shape)


def convolution(x, filters: int, window: int, name: str):
    """(batch, height, width, any) -> (batch, height, width, filters)."""
    inputs = x.shape[-1] * window**2
    initializer = keras.initializers.RandomNormal(stddev=inputs**-0.5)
    return keras.layers.Conv2D(filters, window, padding="same", kernel_initializer=initializer, name=name)(x)


def block(x, filters: int, windows: tuple[int, ...], config: DALLEDiscreteVAE, name: str):
    """(batch, height, width, any) -> (batch, height, width, filters): four convolutions, added to what they take."""
    y = x
    for index, window in enumerate(windows, start=1):
        y = keras.layers.ReLU(name=f"{name}_activation{index}")(y)
        y = convolution(y, filters if index == len(windows) else filters // 4, window, f"{name}_conv{index}")
    if x.shape[-1] != filters:
        x = convolution(x, filters, 1, f"{name}_shortcut")
    y = keras.layers.Rescaling((GROUPS * config.blocks) ** -2.0, name=f"{name}_gain")(y)
    return keras.layers.Add(name=f"{name}_add")([x, y])


def encoder(config: DALLEDiscreteVAE) -> keras.Model:
    """(batch, height, width, channels) -> (batch, height / 8, width / 8, codes)."""
    image = keras.Input(config.input_shape, name="image")
    x = keras.layers.Rescaling((1 - 2 * EDGE) / 255, EDGE, name="encoder_normalization")(image)
    x = convolution(x, config.filters, 7, "encoder_stem")
    for group in range(GROUPS):
        for index in range(1, config.blocks + 1):
            x = block(x, config.filters * 2**group, (3, 3, 3, 1), config, f"encoder_stage{group + 1}_block{index}")
        if group + 1 < GROUPS:
            x = keras.layers.MaxPooling2D(2, name=f"encoder_stage{group + 1}_pool")(x)
    x = keras.layers.ReLU(name="encoder_head_activation")(x)
    return keras.Model(image, convolution(x, config.codes, 1, "encoder_head"), name="encoder")


def decoder(config: DALLEDiscreteVAE) -> keras.Model:
    """(batch, rows, columns, codes) -> (batch, 8 * rows, 8 * columns, 2 * channels)."""
    height, width, channels = config.input_shape
    shares = keras.Input((height // UNIT, width // UNIT, config.codes), name="shares")
    x = convolution(shares, config.first_filters, 1, "decoder_stem")
    for group in range(GROUPS):
        filters = config.filters * 2 ** (GROUPS - 1 - group)
        for index in range(1, config.blocks + 1):
            x = block(x, filters, (1, 3, 3, 3), config, f"decoder_stage{group + 1}_block{index}")
        if group + 1 < GROUPS:
            x = keras.layers.UpSampling2D(2, name=f"decoder_stage{group + 1}_repeat")(x)
    x = keras.layers.ReLU(name="decoder_head_activation")(x)
    return keras.Model(shares, convolution(x, 2 * channels, 1, "decoder_head"), name="decoder")


def build(config: DALLEDiscreteVAE) -> keras.Model:
    image = keras.Input(config.input_shape, name="image")
    codes = encoder(config)(image)
    again = decoder(config)(layers.Likeliest(name="likeliest")(codes))
    return keras.Model(image, {"codes": codes, "image": again}, name="dalle_dvae")


VARIANTS = {"dalle_dvae_openai": DALLEDiscreteVAE()}
