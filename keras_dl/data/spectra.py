"""Sounds as networks take them: their log-mel spectra, as pictures or as series.

Davis & Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", IEEE TASSP 28(4),
1980, without its cosine transform, as networks have taken it since Hinton et al., "Deep neural networks for acoustic
modeling in speech recognition", IEEE Signal Processing Magazine 29(6), 2012: windows of 25 ms every 10 ms, 40 bands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from keras_dl.data.dataset import Data
from keras_dl.data.resize import cover
from keras_dl.data.spec import Column, Spec
from keras_dl.errors import UsageError
from keras_dl.fields import checked
from keras_dl.lazy import keras, tf

LOUDEST, QUIETEST = 20.0, -60.0
"""decibels, the range that becomes 1..0"""


@dataclasses.dataclass(frozen=True)
class Analysis:
    """How spectra are made: `bands` on the mel scale, of windows of `window` seconds every `hop` seconds."""

    bands: int
    window: float
    hop: float


ANALYSES = {"image": Analysis(32, 0.032, 0.016), "series": Analysis(40, 0.025, 0.010)}
"""that of pictures, whose height and width are near powers of two, and that of series, as speech recognition has it"""


def pictures(data: Data, like: Spec | None = None) -> Data:
    """`data` of sounds as pictures, (32 bands, a column every 16 ms, 1), -60..20 decibels as 0..255.

    The sounds become as long as those of `like`, the spec of a trained network, if it is given. Raises `UsageError` for
    data of another kind or rate.
    """
    return _prepared(data, "image", like)


def series(data: Data, like: Spec | None = None) -> Data:
    """`data` of sounds as series, (a step every 10 ms, 40 bands), -60..20 decibels as 0..1, 0 where a sound has ended.

    Otherwise as `pictures`.
    """
    return _prepared(data, "series", like)


def analyzed(kind: Literal["image", "series"], rate: int, samples: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """What makes spectra of sounds (batch, any length), `rate` samples a second, cut or filled up to `samples`."""
    how = ANALYSES[kind]
    window = round(how.window * rate)
    layer = keras.layers.MelSpectrogram(
        fft_length=window,
        sequence_length=window,
        sequence_stride=round(how.hop * rate),
        num_mel_bins=how.bands,
        sampling_rate=rate,
        max_freq=rate / 2,
        power_to_db=False,
    )

    def spectra(sounds):
        sounds = sounds[:, :samples]
        sounds = tf.pad(sounds, [[0, 0], [0, samples - tf.shape(sounds)[1]]])
        sounds = tf.ensure_shape(sounds, (None, samples))
        decibels = 10 * tf.math.log(tf.maximum(layer(sounds), 1e-10)) / tf.math.log(10.0)
        share = tf.clip_by_value((decibels - QUIETEST) / (LOUDEST - QUIETEST), 0.0, 1.0)
        return 255 * share[..., None] if kind == "image" else tf.transpose(share, (0, 2, 1))

    return spectra


def heard(column: Column, sounds: list[np.ndarray]) -> np.ndarray:
    """The spectra of `sounds`, (samples,) each, as the network of `column` takes them: of its length, if it has one."""
    make = analyzed(column.kind, column.rate, column.samples or max(map(len, sounds)))
    spectra = tf.concat([make(tf.constant(sound[None])) for sound in sounds], axis=0)
    if column.scales:
        spectra = (spectra - tf.constant(column.offsets)) / tf.constant(column.scales)
    return (cover(spectra, column.shape) if column.kind == "image" else spectra).numpy()


def _prepared(data: Data, kind: Literal["image", "series"], like: Spec | None) -> Data:
    spec = checked("data", data, Data).spec
    if spec.kind != "audio":
        raise UsageError(f"{spec.name} is {spec.kind}; audio is wanted")
    samples = spec.shape[0]
    if like is not None:
        wanted = like.columns[like.input]
        if wanted.rate != spec.rate:
            raise UsageError(f"the model takes sounds of {wanted.rate} samples a second; {spec.name} has {spec.rate}")
        samples = wanted.samples
    make = analyzed(kind, spec.rate, samples)
    shape = tuple(make(tf.zeros((1, samples))).shape[1:])
    return data.prepared(Column(kind=kind, shape=shape, rate=spec.rate, samples=samples), make)
