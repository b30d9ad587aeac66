"""Texts and sounds of tensorflow-datasets, which have no common length of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError
from keras_dl.lazy import tf

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

FITTING = 99  # % of the sounds that are not cut
FULL_SCALE = 2**15  # of samples of 16 bits
SPLIT_BY_FILE = {"spoken_digit": ("audio/filename", range(5))}
"""data sets whose authors tell test examples by the number that ends a file's name: the feature, the numbers"""


def read_sequences(
    builder: tfds.core.DatasetBuilder,
    kind: Literal["text", "audio"],
    input_key: str,
    label_key: str,
    validation: float,
    seed: int,
    origin: dict[str, Any],
) -> Data:
    """All of `builder`'s texts, or sounds: float32 samples -1..1 of one length, which `FITTING` % of them fit into.

    Shorter sounds are followed by silence, longer ones are cut. Raises `UsageError` for files that are damaged.
    """
    read = {split: list(_examples(builder, split)) for split in SPLITS if split in builder.info.splits}
    if "train" not in read:
        raise UsageError(f"{builder.name} has no train split; it has {', '.join(builder.info.splits)}")
    notices, rate = [], None
    if builder.name in SPLIT_BY_FILE:
        key, numbers = SPLIT_BY_FILE[builder.name]
        read = _split_by_file(read["train"], key, numbers)
        notices.append(f"recordings {numbers.start} to {numbers.stop - 1} of each speaker are the test split")
    inputs = {split: [example[input_key] for example in examples] for split, examples in read.items()}
    if kind == "text":
        arrays = {split: np.array([_decoded(text) for text in texts], object) for split, texts in inputs.items()}
    else:
        rate = builder.info.features[input_key].sample_rate
        length = int(np.percentile([len(sound) for sounds in inputs.values() for sound in sounds], FITTING))
        arrays = {split: np.stack([_fitted(sound, length) for sound in sounds]) for split, sounds in inputs.items()}
        notices.append(f"sounds were made {length} samples long ({length / rate:.2f} s), by silence or by a cut")
    return assemble(
        {
            split: {kind: arrays[split], "label": np.array([example[label_key] for example in read[split]])}
            for split in read
        },
        {
            kind: Column(kind=kind, shape=arrays["train"].shape[1:], rate=rate),
            "label": Column(kind="class", class_names=tuple(builder.info.features[label_key].names)),
        },
        name=builder.name,
        validation=validation,
        seed=seed,
        origin=origin,
        notices=notices,
    )


def _examples(builder: tfds.core.DatasetBuilder, split: str):
    try:
        yield from builder.as_dataset(split=split).as_numpy_iterator()
    except (tf.errors.OpError, OSError) as error:
        where = f"{builder.name} in {builder.data_dir}"
        raise UsageError(f"the {split} split of {where} is damaged ({type(error).__name__})") from error


def _split_by_file(examples: list[dict], key: str, numbers: range) -> dict[str, list[dict]]:
    read = {"train": [], "test": []}
    for example in examples:
        number = int(example[key].decode().rpartition("_")[2].partition(".")[0])
        read["test" if number in numbers else "train"].append(example)
    return read


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _fitted(sound: np.ndarray, length: int) -> np.ndarray:
    sound = sound[:length].astype("float32") / FULL_SCALE
    return np.pad(sound, (0, length - len(sound)))
