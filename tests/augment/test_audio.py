"""Sounds get the pitch, the length and the noise that were asked for."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_dl import UsageError
from keras_dl.augment.audio import CHANGES, compose, noisy, shifted, spec_augment, stretched

RATE = 8000
SEED = tf.constant([1, 2], "int64")


def tone(hertz, samples=6000):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE)).astype("float32")


def frequency(sound):
    middle = sound[len(sound) // 4 : 3 * len(sound) // 4]
    return np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 2**18)).argmax() * RATE / 2**18


SOUNDS = np.stack([np.pad(tone(hertz, 4000), (0, 2000)) for hertz in (200, 300, 440, 500)])


@pytest.mark.parametrize("semitones", [-7, -2, 0.5, 2, 12])
@pytest.mark.parametrize("hertz", [220, 440, 700])
def test_a_tone_moves_by_a_twelfth_of_an_octave_a_semitone(hertz, semitones):
    sound = shifted(tone(hertz), semitones)
    assert len(sound) == 6000
    assert frequency(sound) == pytest.approx(hertz * 2 ** (semitones / 12), rel=0.02)


@pytest.mark.parametrize("rate", [0.7, 0.85, 1.15, 1.5])
def test_the_duration_scales_and_the_pitch_stays(rate):
    sound = stretched(tone(440), rate)
    assert len(sound) == pytest.approx(6000 / rate, abs=1)
    assert frequency(sound) == pytest.approx(440, rel=0.02)


@pytest.mark.parametrize("decibels", [-5.0, 0.0, 10.0, 30.0])
def test_noise_has_the_ratio_that_was_asked_for(decibels):
    added = noisy(SOUNDS, decibels, SEED).numpy() - SOUNDS
    power = (SOUNDS[:, :4000] ** 2).mean(axis=1) / (added**2).mean(axis=1)
    np.testing.assert_allclose(10 * np.log10(power), decibels, atol=0.05)
    assert np.abs(np.corrcoef(added) - np.eye(4)).max() < 0.1
    assert (added[:, 4000:] ** 2).mean() == pytest.approx((added**2).mean(), rel=0.1)


def test_silence_stays_silence():
    np.testing.assert_array_equal(noisy(np.zeros((2, 100), "float32"), 10.0, SEED), np.zeros((2, 100)))


@pytest.mark.parametrize("names", [(name,) for name in CHANGES] + [tuple(CHANGES)])
def test_in_an_input_pipeline_the_seed_decides(names):
    change = compose(names)
    batches = tf.data.Dataset.from_tensor_slices(SOUNDS).batch(3).map(lambda sounds: change(sounds, SEED))
    first, again = ([batch.numpy() for batch in batches] for _ in range(2))
    assert batches.element_spec.shape == (None, 6000)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(change(SOUNDS[:3], SEED + 1), first[0])
    same = change(np.repeat(SOUNDS[:1], 3, axis=0), SEED).numpy()
    assert not np.array_equal(same[0], same[1])
    assert np.abs(first[0]).max() < 4


def test_no_names_change_nothing():
    assert compose(()) is None


def test_spec_augment_masks_some_bands_and_times_of_each():
    pictures = np.random.default_rng(0).uniform(1, 255, (200, 32, 40, 1)).astype("float32")
    changed = spec_augment(pictures, SEED).numpy()
    np.testing.assert_array_equal(changed, spec_augment(pictures, SEED))
    masked = (changed != pictures)[..., 0]
    bands, times = masked.all(axis=2), masked.all(axis=1)
    np.testing.assert_array_equal(masked, bands[:, :, None] | times[:, None, :])
    for lines, most in ((bands, 8), (times, 10)):
        assert lines.sum(axis=1).min() == 0 and lines.sum(axis=1).max() == most
        assert np.abs(np.diff(np.pad(lines.astype(int), ((0, 0), (1, 1))))).sum(axis=1).max() == 2
        assert lines.any(axis=0).all()
    means = pictures.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(changed[..., 0][masked], np.repeat(means, masked.sum(axis=(1, 2))), rtol=1e-4)


def test_without_the_library_pitch_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_stretch", None)
    with pytest.raises(UsageError, match=r"need python-stretch; get it by `pip install keras-dl\[audio\]`"):
        shifted(tone(440), 1)
