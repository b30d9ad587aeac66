"""DCGAN: a generator that makes pictures of noise, and a discriminator that tells them from real ones.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks", ICLR 2016, sections 3 and 4. Input: `noise`, (batch, latent_width); output: a dict of `image`, (batch, size,
size, channels), pixels 0..255, and `real`, (batch, 1), the logit that the discriminator takes it for a real one.

    name   parameters  generator  discriminator
    dcgan   6,345,984  3,578,624      2,767,360

Of these 6,342,272 are trained, the others are statistics of batch normalisation. Two models lie within: `generator`,
from noise to pictures, and `discriminator`, from pictures of pixels 0..255 to logits. The generator ends in a tanh,
whose -1..1 become pixels; the discriminator makes -1..1 of pixels first.

Pictures are square with a side of 4 doubled again and again, 8, 16, 32, 64 ..; the number of stages follows. Data of
other sizes are brought to the nearest of these, in ratio: 28x28 to 32x32, with one stage less each way.

The details are those of pytorch/examples, which is smaller than the paper's figure 1 (filters 1024-512-256-128 of 5x5,
18,855,040 weights in the generator): filters halve from 512 to 64, all of 4x4, none with a bias, and a convolution of
the last 4x4 map is the discriminator's head. Noise is normal there and uniform in the paper; where a network is trained
it is drawn. Kernels start from N(0, .02), the gains of normalisation from N(1, .02).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Fraction
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec

SMALLEST = 4
"""side of the first map of the generator, and of the last one of the discriminator"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DCGAN(Config):
    """A generator and a discriminator of convolutions."""

    task: ClassVar[str] = "adversarial_generation"
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 2e-4, "batch_size": 128}

    input_shape: tuple[Count, Count, Count] = (64, 64, 3)
    """height, width and channels of a picture"""
    latent_width: Count = 100
    """numbers of noise that a picture is made of"""
    filters: int = width(64, low=8, high=128)
    """filters at half the resolution of the picture; each further halving of it doubles them"""
    slope: Fraction = 0.2
    """of the discriminator's leaky rectifiers below 0"""
    spectral: bool = False
    """divide each kernel of the discriminator by its largest singular value, in place of batch normalisation: Miyato et
    al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018"""

    def __post_init__(self):
        super().__post_init__()
        height, width, channels = self.input_shape
        if not (height == width == fitting(min(height, width)) and channels > 0):
            raise UsageError(
                f"a {self.family} makes square pictures of 8x8, 16x16, 32x32, 64x64 and so on, "
                f"got {height}x{width}x{channels}"
            )

    @property
    def halvings(self) -> int:
        """How often the side of a picture is halved down to `SMALLEST`."""
        return int(math.log2(self.input_shape[0] / SMALLEST))

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        *size, channels = spec.shape
        side = fitting(min(size))
        shape = (side, side, channels)
        spec.check_size(shape, self.family)
        return self.replace(input_shape=shape)


def fitting(size: int) -> int:
    """The nearest side, in ratio, that halves down to `SMALLEST`, once at least."""
    return SMALLEST * 2 ** max(1, round(math.log2(max(size, 1) / SMALLEST)))


def normal(mean: float = 0.0):
    """A fresh initializer for each weight: one instance gives the same numbers again."""
    return keras.initializers.RandomNormal(mean, 0.02)


def normalized(x, name: str):
    """(batch, height, width, filters) -> the same."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=normal(1.0), name=name)(x)


def generator(config: DCGAN) -> keras.Model:
    """(batch, latent_width) -> (batch, size, size, channels)."""
    noise = keras.Input((config.latent_width,), name="noise")
    settings = {"kernel_size": 4, "use_bias": False}
    x = keras.layers.Reshape((1, 1, config.latent_width), name="generator_noise")(noise)
    for stage in range(1, config.halvings + 1):
        name, filters = f"generator_stage{stage}", config.filters * 2 ** (config.halvings - stage)
        steps = {"strides": 1, "padding": "valid"} if stage == 1 else {"strides": 2, "padding": "same"}
        x = keras.layers.Conv2DTranspose(
            filters, **settings, **steps, kernel_initializer=normal(), name=f"{name}_deconv"
        )(x)
        x = normalized(x, f"{name}_norm")
        x = keras.layers.ReLU(name=f"{name}_activation")(x)
    x = keras.layers.Conv2DTranspose(
        config.input_shape[2],
        **settings,
        strides=2,
        padding="same",
        activation="tanh",
        kernel_initializer=normal(),
        name="generator_head",
    )(x)
    return keras.Model(noise, keras.layers.Rescaling(127.5, 127.5, name="generator_pixels")(x), name="generator")


def discriminator(config: DCGAN) -> keras.Model:
    """(batch, size, size, channels) -> (batch, 1)."""
    image = keras.Input(config.input_shape, name="image")
    settings = {"kernel_size": 4, "use_bias": config.spectral}
    convolution = layers.SpectralConv2D if config.spectral else keras.layers.Conv2D
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="discriminator_normalization")(image)
    for stage in range(1, config.halvings + 1):
        name, filters = f"discriminator_stage{stage}", config.filters * 2 ** (stage - 1)
        x = convolution(
            filters, **settings, strides=2, padding="same", kernel_initializer=normal(), name=f"{name}_conv"
        )(x)
        if stage > 1 and not config.spectral:
            x = normalized(x, f"{name}_norm")
        x = keras.layers.LeakyReLU(config.slope, name=f"{name}_activation")(x)
    x = convolution(1, **settings, kernel_initializer=normal(), name="discriminator_head")(x)
    return keras.Model(image, keras.layers.Flatten(name="discriminator_logit")(x), name="discriminator")


def build(config: DCGAN) -> keras.Model:
    noise = keras.Input((config.latent_width,), name="noise")
    image = generator(config)(noise)
    return keras.Model(noise, {"image": image, "real": discriminator(config)(image)}, name="dcgan")


VARIANTS = {"dcgan": DCGAN()}
