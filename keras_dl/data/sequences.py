"""Texts and sounds of tensorflow-datasets, which have no common length of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data
from keras_dl.data.sounds import common_length, fitted
from keras_dl.data.tfds_columns import described
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule, tf

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

BATCH_SIZE = 256
FULL_SCALE = 2**15  # of samples of 16 bits
SPLIT_BY_FILE = {"spoken_digit": ("audio/filename", range(5))}
"""data sets whose authors tell test examples by the number that ends a file's name: the feature, the numbers"""

Features = dict[str, list[Any]]


def read_sequences(
    builder: tfds.core.DatasetBuilder,
    keys: dict[str, str],
    splits: dict[str, str],
    notices: list[str],
    validation: float,
    seed: int,
    origin: dict[str, Any],
) -> Data:
    """The columns `keys` of all `splits`: texts, or sounds of the length that `common_length` gives.

    Sounds are float32 samples -1..1; shorter ones are followed by silence, longer ones are cut. Raises `UsageError` for
    files that are damaged.
    """
    key, numbers = SPLIT_BY_FILE.get(builder.name, (None, ()))
    wanted = {*keys.values(), *([key] if key else [])}
    read = {split: _features(builder, found, wanted) for split, found in splits.items()}
    notices = list(notices)
    if key is not None:
        read = _split_by_file(read["train"], key, numbers)
        notices.append(f"recordings {numbers.start} to {numbers.stop - 1} of each speaker are the test split")
    shape, parts = (), {split: {} for split in read}
    for name, key in keys.items():
        found = {split: features[key] for split, features in read.items()}
        if name == "audio":
            rate = builder.info.features[key].sample_rate
            length, notice = common_length([len(sound) for sounds in found.values() for sound in sounds], rate)
            shape = (length,)
            notices.append(notice)
        for split, values in found.items():
            parts[split][name] = _array(name, values, shape)
    return assemble(
        parts,
        described(builder, keys, shape),
        name=builder.name,
        validation=validation,
        seed=seed,
        origin=origin,
        notices=notices,
    )


def _array(name: str, values: list, shape: tuple[int, ...]) -> np.ndarray:
    """The column `name`, one of those that `find_columns` names, of its `values`."""
    if name == "audio":
        return np.stack([fitted(sound.astype("float32") / FULL_SCALE, *shape) for sound in values])
    if name == "label":
        return np.array(values)
    if name == "number":
        return np.array(values, "float32")[:, None]
    return np.array([_decoded(text) for text in values], object)


def _features(builder: tfds.core.DatasetBuilder, split: str, keys: set[str]) -> Features:
    """The features `keys` of all examples of a split, in order."""
    found: Features = {key: [] for key in keys}
    reading = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    try:
        examples = builder.as_dataset(split=split, read_config=reading)
        for batch in examples.map(lambda example: {key: example[key] for key in keys}).ragged_batch(BATCH_SIZE):
            for key, values in batch.items():
                found[key].extend(values.numpy())
    except (tf.errors.OpError, OSError) as error:
        where = f"{builder.name} in {builder.data_dir}"
        raise UsageError(f"the {split} split of {where} is damaged ({type(error).__name__})") from error
    return found


def _split_by_file(features: Features, key: str, numbers: range) -> dict[str, Features]:
    tests = [int(name.decode().rpartition("_")[2].partition(".")[0]) in numbers for name in features[key]]
    return {
        split: {
            key: [value for value, test in zip(values, tests, strict=True) if test == (split == "test")]
            for key, values in features.items()
        }
        for split in ("train", "test")
    }


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
