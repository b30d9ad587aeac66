"""Random changes to batches of sounds: pitch, speed, background noise, and SpecAugment for their spectrograms.

Ko, Peddinti, Povey & Khudanpur, "Audio augmentation for speech recognition", Interspeech 2015, for speed; Park et al.,
"SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition", Interspeech 2019. Sounds are
(batch, samples) float32 in -1..1, with silence at their ends where they are shorter. Pitch and speed are those of
the library python-stretch, an optional dependency: `pip install keras-dl[audio]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import tf

SEMITONES = 2.0
SPEED = (0.85, 1.15)
DECIBELS = (0.0, 20.0)
MASKED = 0.25
BLOCK = 1024  # samples that pitch and speed look at together


def shifted(sound: np.ndarray, semitones: float) -> np.ndarray:
    """`sound` (samples,) with every frequency times 2^(`semitones` / 12), as long as before."""
    stretch = _stretch()
    stretch.setTransposeSemitones(semitones)
    return stretch.process(sound[None])[0]


def stretched(sound: np.ndarray, rate: float) -> np.ndarray:
    """`sound` (samples,) played `rate` times as fast at the same pitch: (samples / rate,), rounded down."""
    stretch = _stretch()
    stretch.setTimeFactor(rate)
    return stretch.process(sound[None])[0]


def noisy(sounds: tf.Tensor, decibels: tf.Tensor | float, seed: tf.Tensor) -> tf.Tensor:
    """`sounds` with white noise whose power lies exactly `decibels` (one number, or (batch, 1)) below theirs.

    A sound's power is the mean over its samples other than 0, so that the silence which fills it up does not count.
    Silence stays silence.
    """
    noise = tf.random.stateless_normal(tf.shape(sounds), seed)
    noise /= tf.sqrt(tf.reduce_mean(noise**2, axis=1, keepdims=True))
    counts = tf.math.count_nonzero(sounds, axis=1, keepdims=True, dtype=sounds.dtype)
    power = tf.math.divide_no_nan(tf.reduce_sum(sounds**2, axis=1, keepdims=True), counts)
    return sounds + noise * tf.sqrt(power * 10.0 ** (-decibels / 10.0))


def pitch(sounds: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Raise or lower each sound by up to two semitones."""
    return _each(sounds, seed, lambda sound, generator: shifted(sound, generator.uniform(-SEMITONES, SEMITONES)))


def speed(sounds: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Play each sound up to 15 % slower or faster at the same pitch; silence or a cut keeps the length."""

    def change(sound: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        new = stretched(sound, generator.uniform(*SPEED))[: len(sound)]
        return np.pad(new, (0, len(sound) - len(new)))

    return _each(sounds, seed, change)


def noise(sounds: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Add white noise 0 to 20 decibels below each sound."""
    keys = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    decibels = tf.random.stateless_uniform([tf.shape(sounds)[0], 1], keys[0], *DECIBELS)
    return noisy(sounds, decibels, keys[1])


def spec_augment(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Put the mean of each spectrogram (batch, bands, times, 1) into some neighbouring bands and times.

    Up to a quarter of the bands, and of the times, whose number and place are drawn: the paper's frequency and time
    masks, without its warping, which it found to matter least.
    """
    batch = tf.shape(pictures)[0]
    masked = tf.zeros([batch, 1, 1, 1], bool)
    for axis, key in zip((1, 2), tf.unstack(tf.random.experimental.stateless_split(seed, 2)), strict=True):
        size = pictures.shape[axis]
        width, start = tf.unstack(tf.random.stateless_uniform([2, batch, 1], key))
        width = tf.floor(width * (MASKED * size + 1))
        start = tf.floor(start * (size - width + 1))
        places = tf.range(size, dtype="float32")
        inside = (places >= start) & (places < start + width)
        masked |= inside[:, :, None, None] if axis == 1 else inside[:, None, :, None]
    return tf.where(masked, tf.reduce_mean(pictures, axis=(1, 2, 3), keepdims=True), pictures)


CHANGES = {"pitch": pitch, "speed": speed, "noise": noise}


def compose(names: Sequence[str]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """The `CHANGES` called `names`, one after the other, each with a seed of its own; None if there are none."""
    if not names:
        return None

    def change(sounds, seed):
        for number, name in enumerate(names):
            sounds = CHANGES[name](sounds, tf.random.experimental.stateless_fold_in(seed, number))
        return sounds

    return change


def _each(sounds: tf.Tensor, seed: tf.Tensor, change: Callable) -> tf.Tensor:
    """`change`(sound, generator) of each sound, the generators from `seed`."""

    def all_of_them(sounds: np.ndarray, seed: np.ndarray) -> np.ndarray:
        generator = np.random.default_rng(seed.astype("uint64"))
        return np.stack([change(sound, generator) for sound in sounds])

    return tf.ensure_shape(tf.numpy_function(all_of_them, [sounds, seed], tf.float32), sounds.shape)


def _stretch():
    try:
        import python_stretch
    except ModuleNotFoundError:
        raise UsageError("pitch and speed need python-stretch; get it by `pip install keras-dl[audio]`") from None
    stretch = python_stretch.Signalsmith.Stretch(0)
    stretch.configure(1, BLOCK, BLOCK // 4)
    return stretch
