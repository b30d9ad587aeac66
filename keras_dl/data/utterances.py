"""Recordings of single words joined to strings of words, whose borders are known, as series with the states of words.

Words are taken apart into states of equal length to begin with, as a "flat start" does within them; silence is one
state more.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.spec import Column, Spec
from keras_dl.data.spectra import ANALYSES, analyzed
from keras_dl.data.split import Split
from keras_dl.errors import UsageError
from keras_dl.lazy import tf

SERIES, STATES, WORDS, NUMBER = "series", "alignment", "words", "index"
GAPS = (0.05, 0.25)
"""seconds of silence before, between and behind words, from and to"""
SILENCE = "silence"
AT_ONCE = 64
"""strings of which spectra are made at once"""


def utterances(data: Data, words: int, states: int, like: Spec | None = None) -> Data:
    """`data` of sounds, stored as samples, each of a class, its word, as strings of `words`, each of so many `states`.

    `SERIES`, (steps, bands), are the energies of the bands in decibels, of mean 0 and deviation 1 over the training
    split, or on the scale of `like`. `STATES`, (steps,), is the state at each step, -1 where the string has ended:
    those of the first word, then of the second, then silence. `WORDS` are the classes, and `NUMBER` is that of the
    string. Every recording is in one string of its split, but for those that are left over; which one, and the
    silences, are the same each time. Raises `UsageError` where a split makes no string, or longer ones than `like`.
    """
    spec = data.spec
    if like is not None and like.rate != spec.rate:
        raise UsageError(f"the model takes sounds of {like.rate} samples a second; {spec.name} has {spec.rate}")
    rate, names = spec.rate, spec.columns["label"].class_names or tuple(map(str, range(spec.classes)))
    joined = {name: _strings(getattr(data, name), words, rate, f"the {name} split of {spec.name}") for name in SPLITS}
    samples = max(len(sound) for sounds, _, _ in joined.values() for sound in sounds)
    hop, silence = round(ANALYSES["series"].hop * rate), states * len(names)
    make = analyzed("series", rate, samples)
    series = {name: _spectra(sounds, make, samples) for name, (sounds, _, _) in joined.items()}
    steps = series["train"].shape[1]
    if like is not None and steps != like.columns[SERIES].shape[0]:
        raise UsageError(
            f"the model takes strings of {like.columns[SERIES].shape[0]} steps, those of {spec.name} have {steps}"
        )
    if like is None:
        offsets, scales = series["train"].mean(axis=(0, 1)), series["train"].std(axis=(0, 1))
        offsets, scales = tuple(map(float, offsets)), tuple(float(scale) or 1.0 for scale in scales)
    else:
        offsets, scales = like.columns[SERIES].offsets, like.columns[SERIES].scales
    splits = {}
    for name, (sounds, labels, borders) in joined.items():
        places = np.full((len(sounds), steps), -1)
        for row, sound, string, ends in zip(places, sounds, labels, borders, strict=True):
            row[: -(-len(sound) // hop)] = silence
            for word, (start, end) in zip(string, ends, strict=True):
                first, behind = -(-start // hop), -(-end // hop)
                row[first:behind] = word * states + np.arange(behind - first) * states // max(1, behind - first)
        numbers = ((series[name] - np.array(offsets)) / np.array(scales)).astype("float32")
        columns = {SERIES: numbers, STATES: places, WORDS: labels, NUMBER: np.arange(len(sounds))}
        splits[name] = Split(columns)
    named = tuple(f"{word} {state}" for word in names for state in range(1, states + 1))
    columns = {
        SERIES: Column(kind="series", shape=series["train"].shape[1:], rate=rate, offsets=offsets, scales=scales),
        STATES: Column(kind="classes", shape=(steps,), class_names=(*named, SILENCE)),
        WORDS: Column(kind="classes", shape=(words,), class_names=names),
        NUMBER: Column(kind="index"),
    }
    notice = f"recordings were joined to strings of {words} words, with {GAPS[0]} to {GAPS[1]} s of silence between"
    spec = dataclasses.replace(spec, columns=columns)
    return dataclasses.replace(data, spec=spec, notices=(*data.notices, notice), **splits)


def _strings(split: Split, words: int, rate: int, name: str) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Sounds of strings, their labels (n, `words`), and where each word begins and ends, (n, `words`, 2) samples."""
    sounds, labels = split.stored, split.labels
    count = len(sounds) // words
    if not count:
        raise UsageError(f"{name} has {len(sounds)} recordings; strings of {words} words are wanted")
    generator = np.random.default_rng(0)
    order = generator.permutation(len(sounds))[: count * words].reshape(count, words)
    gaps = generator.integers(round(GAPS[0] * rate), round(GAPS[1] * rate) + 1, (count, words + 1))
    strings, borders = [], np.empty((count, words, 2), int)
    for place, (members, silences) in enumerate(zip(order, gaps, strict=True)):
        parts, done = [np.zeros(silences[0], "float32")], silences[0]
        for number, member in enumerate(members):
            sound = np.trim_zeros(sounds[member], "b")
            borders[place, number] = done, done + len(sound)
            parts += [sound, np.zeros(silences[number + 1], "float32")]
            done += len(sound) + silences[number + 1]
        strings.append(np.concatenate(parts))
    return strings, labels[order], borders


def _spectra(sounds: list[np.ndarray], make, samples: int) -> np.ndarray:
    parts = []
    for start in range(0, len(sounds), AT_ONCE):
        padded = np.stack([np.pad(sound, (0, samples - len(sound))) for sound in sounds[start : start + AT_ONCE]])
        parts.append(make(tf.constant(padded)).numpy())
    return np.concatenate(parts)
