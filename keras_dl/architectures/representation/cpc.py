"""Contrastive predictive coding: a network that tells at each step of a sound which of several goes on with it.

Van den Oord, Li & Vinyals, "Representation Learning with Contrastive Predictive Coding", arXiv:1807.03748, 2018,
sections 2 and 3.1. Input: `audio`, (batch, 20480), samples -1..1; outputs: `latents`, (batch, 128, 512), what the
encoder makes of every 160 samples, and `predictions`, (batch, 128, 12, 512), at each step what the context says of the
12 latents to come.

    name  parameters    encoder  context  predictions
    cpc    7,414,784  5,250,560  591,360    1,572,864

Two models lie within: `encoder`, from samples to latents by five rectified convolutions of widths 10, 8, 4, 4, 4 and
strides 5, 4, 2, 2, 2, padded so that each stride divides the length, and `context`, a GRU that reads them, with two
biases. The predictions are one matrix for each step ahead, without a bias. 160 samples are 10 ms at the paper's rate of
16 kHz. `representation` is the network from sounds to the mean of the context over all steps.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, width
from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec

KERNELS = (10, 8, 4, 4, 4)
STRIDES = (5, 4, 2, 2, 2)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CPC(Config):
    """Convolutions, a recurrent network, and matrices."""

    task: ClassVar[str] = "predictive_coding"

    samples: Count = 20480
    """samples of a sound"""
    filters: int = width(512, low=16, high=1024)
    """numbers of a latent, and filters of each convolution"""
    units: int = width(256, low=16, high=1024)
    """numbers of the context"""
    steps: Count = 12
    """how many latents ahead are predicted"""

    def __post_init__(self):
        super().__post_init__()
        if self.frames <= self.steps:
            raise UsageError(
                f"{self.samples} samples make {self.frames} latents, of which steps={self.steps} ahead are predicted; "
                "take fewer steps or longer sounds"
            )

    @property
    def frames(self) -> int:
        """Latents of a sound."""
        frames = self.samples
        for stride in STRIDES:
            frames = math.ceil(frames / stride)
        return frames

    def for_data(self, spec: Spec) -> Self:
        if spec.kind != "audio":
            raise UsageError(f"{self.family} takes sounds, {spec.name} is {spec.kind}")
        return self.replace(samples=spec.shape[0])

    def representation(self, network: keras.Model) -> keras.Model:
        """Sounds to the mean of the context over all steps, (batch, units), with the weights of `network`."""
        audio = keras.Input((self.samples,), name="audio")
        context = network.get_layer("context")(network.get_layer("encoder")(audio))
        mean = keras.layers.GlobalAveragePooling1D(name="representation")(context)
        return keras.Model(audio, mean, name=f"{network.name}_representation")


def encoder(config: CPC) -> keras.Model:
    """(batch, samples) -> (batch, frames, filters)."""
    audio = keras.Input((config.samples,), name="audio")
    x = keras.layers.Reshape((config.samples, 1), name="stem")(audio)
    for number, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True), start=1):
        x = keras.layers.Conv1D(
            config.filters,
            kernel,
            stride,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"stage{number}",
        )(x)
    return keras.Model(audio, x, name="encoder")


def context(config: CPC) -> keras.Model:
    """(batch, frames, filters) -> (batch, frames, units)."""
    latents = keras.Input((config.frames, config.filters), name="latents")
    return keras.Model(
        latents, keras.layers.GRU(config.units, return_sequences=True, name="recurrence")(latents), name="context"
    )


def build(config: CPC) -> keras.Model:
    audio = keras.Input((config.samples,), name="audio")
    latents = encoder(config)(audio)
    x = context(config)(latents)
    x = keras.layers.Dense(config.steps * config.filters, use_bias=False, name="head")(x)
    x = keras.layers.Reshape((config.frames, config.steps, config.filters), name="head_steps")(x)
    return keras.Model(audio, {"latents": latents, "predictions": x}, name="cpc")


VARIANTS = {"cpc": CPC()}
