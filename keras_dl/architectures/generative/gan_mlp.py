"""The first generative adversarial network: a generator of rectifiers and a discriminator of maxout units.

Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, section 5. Input: `noise`, (batch, latent_width);
output: a dict of `image`, (batch, height, width, channels), pixels 0..255, and `real`, (batch, 1), the logit that the
discriminator takes it for a real one.

    name     parameters  generator  discriminator
    gan_mlp   3,735,425  2,503,984      1,231,441

Two models lie within: `generator`, from noise to pictures, and `discriminator`, from pictures of pixels 0..255 to
logits. The generator ends in a sigmoid, whose 0..1 become pixels; the discriminator makes 0..1 of pixels first.

The paper says only which units there are and that the discriminator was trained with dropout. Widths, the uniform first
kernels and where half of the numbers are dropped are from memory of the authors' mnist.yaml, which also drops a fifth
of the pixels, has noise from -1.73..1.73 and trains by momentum; where a network is trained, noise is normal.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from keras_dl.config import Config, depth, width
from keras_dl.fields import Count, Share
from keras_dl.lazy import keras, layers

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class GANMLP(Config):
    """A generator and a discriminator of dense layers."""

    task: ClassVar[str] = "adversarial_generation"
    training: ClassVar[Mapping[str, Any]] = {"learning_rate": 2e-4, "batch_size": 128}

    input_shape: tuple[Count, Count, Count] = (28, 28, 1)
    """height, width and channels of a picture"""
    latent_width: Count = 100
    """numbers of noise that a picture is made of"""
    units: int = width(1200, low=16, high=2400)
    """rectifiers in a hidden layer of the generator"""
    maxout_units: int = width(240, low=4, high=480)
    """units in a hidden layer of the discriminator"""
    pieces: Count = 5
    """numbers of which a maxout unit is the largest"""
    hidden: int = depth(2, low=1, high=4)
    """hidden layers of either"""
    dropout: Share = 0.5
    """fraction of the maxout units that is dropped"""

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        return super().for_data(spec)


def uniform(limit: float):
    """A fresh initializer for each kernel: one instance gives the same numbers again."""
    return keras.initializers.RandomUniform(-limit, limit)


def generator(config: GANMLP) -> keras.Model:
    """(batch, latent_width) -> (batch, height, width, channels)."""
    x = noise = keras.Input((config.latent_width,), name="noise")
    for stage in range(1, config.hidden + 1):
        x = keras.layers.Dense(
            config.units, activation="relu", kernel_initializer=uniform(0.05), name=f"generator_stage{stage}"
        )(x)
    x = keras.layers.Dense(
        math.prod(config.input_shape), activation="sigmoid", kernel_initializer=uniform(0.05), name="generator_head"
    )(x)
    x = keras.layers.Reshape(config.input_shape, name="generator_image")(x)
    return keras.Model(noise, keras.layers.Rescaling(255.0, name="generator_pixels")(x), name="generator")


def discriminator(config: GANMLP) -> keras.Model:
    """(batch, height, width, channels) -> (batch, 1)."""
    image = keras.Input(config.input_shape, name="image")
    x = keras.layers.Rescaling(1 / 255, name="discriminator_normalization")(image)
    x = keras.layers.Flatten(name="discriminator_flatten")(x)
    for stage in range(1, config.hidden + 1):
        name = f"discriminator_stage{stage}"
        units = config.maxout_units * config.pieces
        x = keras.layers.Dense(units, kernel_initializer=uniform(0.005), name=f"{name}_dense")(x)
        x = layers.Maxout(config.pieces, name=f"{name}_maxout")(x)
        if config.dropout:
            x = keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)
    logit = keras.layers.Dense(1, kernel_initializer=uniform(0.005), name="discriminator_head")(x)
    return keras.Model(image, logit, name="discriminator")


def build(config: GANMLP) -> keras.Model:
    noise = keras.Input((config.latent_width,), name="noise")
    image = generator(config)(noise)
    return keras.Model(noise, {"image": image, "real": discriminator(config)(image)}, name="gan_mlp")


VARIANTS = {"gan_mlp": GANMLP()}
