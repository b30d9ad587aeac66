"""Autoencoders: networks that return their input by way of a short code.

Rumelhart, Hinton & Williams, "Learning internal representations by error propagation", 1986; Hinton & Salakhutdinov,
"Reducing the Dimensionality of Data with Neural Networks", Science 313, 2006. Input: `image`, (batch, height, width,
channels), pixels 0..255, or `features`, (batch, features); output: the same again.

    name              parameters  widths
    autoencoder           50,992  784-32-784
    deep_autoencoder   2,837,314  784-1000-500-250-30-250-500-1000-784

Two models lie within: `encoder`, from inputs to codes (batch, latent_width), and `decoder`, from codes to inputs. Each
width of the encoder comes again in the decoder, from the last to the first. With linear codes and outputs and no hidden
layer the code spans the principal components (Baldi & Hornik 1989).

The deep one has logistic units and a linear code. It was made of restricted Boltzmann machines, one upon the other,
before all of it was trained; here weights start from Glorot's distribution.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Literal

from keras_dl.config import Config, width
from keras_dl.fields import Count, Counts
from keras_dl.lazy import keras


@dataclasses.dataclass(frozen=True, kw_only=True)
class Autoencoder(Config):
    """An encoder of dense layers, and a decoder that mirrors it."""

    task: ClassVar[str] = "reconstruction"

    input_shape: Counts = (28, 28, 1)
    """height, width and channels of a picture, or the number of features"""
    hidden: tuple[Count, ...] = width((), low=16, high=1024)
    """units of the hidden layers of the encoder, from the input to the code"""
    latent_width: Count = width(32, low=8, high=128)
    """numbers in a code"""
    activation: Literal["relu", "sigmoid", "tanh"] = "sigmoid"
    """of the hidden layers"""
    code_activation: Literal["linear", "relu", "sigmoid"] = "linear"
    """of the code"""
    output_activation: Literal["linear", "sigmoid"] = "sigmoid"
    """of the output, before it is made pixels"""


def encoder(config: Autoencoder) -> keras.Model:
    """(batch, *input_shape) -> (batch, latent_width)."""
    inputs = keras.Input(config.input_shape, name="image" if len(config.input_shape) == 3 else "features")
    x = inputs
    if len(config.input_shape) == 3:
        x = keras.layers.Rescaling(1 / 255, name="encoder_normalization")(x)
    x = keras.layers.Reshape((math.prod(config.input_shape),), name="encoder_flatten")(x)
    for stage, units in enumerate(config.hidden, start=1):
        x = keras.layers.Dense(units, activation=config.activation, name=f"encoder_stage{stage}")(x)
    code = keras.layers.Dense(config.latent_width, activation=config.code_activation, name="encoder_code")(x)
    return keras.Model(inputs, code, name="encoder")


def decoder(config: Autoencoder) -> keras.Model:
    """(batch, latent_width) -> (batch, *input_shape)."""
    code = x = keras.Input((config.latent_width,), name="code")
    for stage, units in enumerate(reversed(config.hidden), start=1):
        x = keras.layers.Dense(units, activation=config.activation, name=f"decoder_stage{stage}")(x)
    size = math.prod(config.input_shape)
    x = keras.layers.Dense(size, activation=config.output_activation, name="decoder_head")(x)
    x = keras.layers.Reshape(config.input_shape, name="decoder_shape")(x)
    if len(config.input_shape) == 3:
        x = keras.layers.Rescaling(255.0, name="decoder_pixels")(x)
    return keras.Model(code, x, name="decoder")


def build(config: Autoencoder) -> keras.Model:
    inputs = keras.Input(config.input_shape, name="image" if len(config.input_shape) == 3 else "features")
    return keras.Model(inputs, decoder(config)(encoder(config)(inputs)), name="autoencoder")


VARIANTS = {
    "autoencoder": Autoencoder(code_activation="relu"),
    "deep_autoencoder": Autoencoder(hidden=(1000, 500, 250), latent_width=30),
}
