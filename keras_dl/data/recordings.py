"""A folder of recordings by class."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data
from keras_dl.data.listing import Sort, list_files
from keras_dl.data.memory import check_fits
from keras_dl.data.sounds import SUFFIXES, common_length, fitted, read_sound, resampled
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError, shown, some

RECORDINGS = Sort("recording", SUFFIXES)


def load_recordings(folder: Path, validation: float, seed: int, skip_bad: bool) -> Data:
    """The recordings of `folder`, as `list_files` finds them, at the rate that most have and of one length.

    Raises `UsageError` naming one that cannot be read, unless `skip_bad`.
    """
    listing = list_files(folder, RECORDINGS)
    read: dict[str, list[tuple[np.ndarray, int, int]]] = {split: [] for split in listing.files}
    bad = []
    for split, files in listing.files.items():
        for path, label in files:
            try:
                read[split].append((*read_sound(path), label))
            except UsageError as error:
                bad.append(str(error))
    notices, total = list(listing.notices), sum(map(len, listing.files.values()))
    if bad:
        if not skip_bad or len(bad) == total:
            advice = "" if len(bad) == total else "; --skip-bad leaves them out"
            raise UsageError(f"{len(bad)} of {total} recordings cannot be used: {some(bad, most=3)}{advice}")
        notices.append(shown(f"{len(bad)} of {total} recordings cannot be used and were left out: {some(bad, most=3)}"))
    for split, found in read.items():
        if missing := set(range(len(listing.class_names))) - {label for _, _, label in found}:
            raise UsageError(f"class {listing.class_names[min(missing)]!r} has no readable recording in {split}")
    rates = collections.Counter(rate for found in read.values() for _, rate, _ in found)
    rate = rates.most_common(1)[0][0]
    if others := rates.total() - rates[rate]:
        notices.append(f"{others} recordings of other rates were resampled to {rate:,} samples a second")
    sounds = {split: [resampled(sound, old, rate) for sound, old, _ in found] for split, found in read.items()}
    length, notice = common_length([len(sound) for found in sounds.values() for sound in found], rate)
    check_fits(str(folder), rates.total(), (length,), 4)
    return assemble(
        {
            split: {
                "audio": np.stack([fitted(sound, length) for sound in sounds[split]]),
                "label": np.array([label for _, _, label in found]),
            }
            for split, found in read.items()
        },
        {
            "audio": Column(kind="audio", shape=(length,), rate=rate),
            "label": Column(kind="class", class_names=tuple(listing.class_names)),
        },
        name=shown(folder.resolve().name),
        validation=validation,
        seed=seed,
        notices=[*notices, notice],
        origin=listing.origin,
    )
