"""Texts and sounds as what networks take: word counts as features, log-mel spectrograms as pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Literal

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.errors import UsageError, choose
from keras_dl.fields import at_least, checked
from keras_dl.lazy import keras, tf

MELS = 32
WINDOW, HOP = 0.032, 0.016  # seconds
LOUDEST, QUIETEST = 20.0, -60.0  # decibels, the range that becomes 255..0


def bag_of_words(data: Data, words: int = 5000, *, pieces: Literal["words", "characters"] = "words") -> Data:
    """`data` of texts as features: which of the `words` most frequent words each text has, 1 or 0.

    `pieces` "characters" takes sequences of three characters instead of words. Which are frequent is counted in the
    training split alone. Raises `UsageError` for data of another kind.
    """
    _check(data, "text")
    words = checked("words", words, Annotated[int, at_least(2)])
    choose("kind of pieces", pieces, ("words", "characters"))
    characters = {"split": "character", "ngrams": (3,)} if pieces == "characters" else {}
    layer = keras.layers.TextVectorization(max_tokens=words, output_mode="multi_hot", **characters)
    layer.adapt(tf.constant(data.train.stored))
    size = layer.vocabulary_size()
    return _prepared(data, "features", (size,), lambda texts: tf.cast(layer(texts), "float32"))


def log_mel(data: Data) -> Data:
    """`data` of sounds as pictures (32 mel bands, windows of 32 ms every 16 ms, 1), -60..20 decibels as 0..255.

    Raises `UsageError` for data of another kind.
    """
    _check(data, "audio")
    rate = data.spec.rate
    window = round(WINDOW * rate)
    layer = keras.layers.MelSpectrogram(
        fft_length=window,
        sequence_length=window,
        sequence_stride=round(HOP * rate),
        num_mel_bins=MELS,
        sampling_rate=rate,
        max_freq=rate / 2,
        power_to_db=False,
    )

    def picture(sounds):
        decibels = 10 * tf.math.log(tf.maximum(layer(sounds), 1e-10)) / tf.math.log(10.0)
        share = (decibels - QUIETEST) / (LOUDEST - QUIETEST)
        return 255 * tf.clip_by_value(share, 0.0, 1.0)[..., None]

    return _prepared(data, "image", tuple(picture(data.train.stored[:1]).shape[1:]), picture)


def _check(data: Data, kind: str) -> None:
    if checked("data", data, Data).spec.kind != kind:
        raise UsageError(f"{data.spec.name} is {data.spec.kind}; {kind} is wanted")


def _prepared(data: Data, kind: Literal["image", "features"], shape: tuple[int, ...], prepare: Callable) -> Data:
    splits = {}
    for name in SPLITS:
        stored, *others = (split := getattr(data, name)).columns.items()
        splits[name] = dataclasses.replace(
            split, columns={kind: stored[1], **dict(others)}, shape=shape, prepare=prepare
        )
    return dataclasses.replace(data, spec=data.spec.with_input(kind, shape), **splits)
