"""Variational autoencoders: a distribution over codes for each picture, and a picture for each code.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014, sections 2.3 and 3, appendix C. Input: `image`, (batch,
height, width, channels), pixels 0..255; output: a dict of `mean` and `log_variance`, (batch, latent_width) each, of the
Gaussian over codes, and `image`, the logits of every pixel at the mean, in the shape of the input.

    name  parameters  widths
    vae      652,824  784-400-(20, 20)-400-784

Two models lie within: `encoder`, from pictures to a dict of mean and log_variance, and `decoder`, from codes (batch,
latent_width) to the logits. All of it is a function of the picture: the noise that makes codes of means and variances
is drawn where the network is trained, from a seed that is kept there, and where pictures are made.

The paper's Bernoulli decoder takes a pixel, divided by 255, as the probability that it is white; pictures of several
channels have as many such pixels. Widths and rectifiers are those of pytorch/examples; the paper has 500 hidden units
(815,824 parameters at 20 latent ones) with tanh. Weights start from Glorot's distribution, in the paper from N(0, .01).
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.fields import Count
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class VAE(Config):
    """A variational autoencoder of one hidden layer each way."""

    task: ClassVar[str] = "variational_autoencoding"

    input_shape: tuple[Count, Count, Count] = (28, 28, 1)
    """height, width and channels of a picture"""
    units: int = width(400, low=16, high=1024)
    """hidden units of the encoder, and of the decoder"""
    latent_width: int = width(20, low=2, high=128)
    """numbers in a code"""

    def for_data(self, spec: Spec) -> Self:
        spec.check_pictures()
        return super().for_data(spec)


def encoder(config: VAE) -> keras.Model:
    """(batch, height, width, channels) -> mean and log_variance, (batch, latent_width)."""
    image = keras.Input(config.input_shape, name="image")
    x = keras.layers.Rescaling(1 / 255, name="encoder_normalization")(image)
    x = keras.layers.Flatten(name="encoder_flatten")(x)
    x = keras.layers.Dense(config.units, activation="relu", name="encoder_stage1")(x)
    codes = {
        name: keras.layers.Dense(config.latent_width, name=f"encoder_{name}")(x) for name in ("mean", "log_variance")
    }
    return keras.Model(image, codes, name="encoder")


def decoder(config: VAE) -> keras.Model:
    """(batch, latent_width) -> (batch, height, width, channels)."""
    code = keras.Input((config.latent_width,), name="code")
    x = keras.layers.Dense(config.units, activation="relu", name="decoder_stage1")(code)
    x = keras.layers.Dense(math.prod(config.input_shape), name="decoder_head")(x)
    return keras.Model(code, keras.layers.Reshape(config.input_shape, name="decoder_image")(x), name="decoder")


def build(config: VAE) -> keras.Model:
    image = keras.Input(config.input_shape, name="image")
    code = encoder(config)(image)
    return keras.Model(image, {**code, "image": decoder(config)(code["mean"])}, name="vae")


VARIANTS = {"vae": VAE()}
