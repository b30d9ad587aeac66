"""Data of tensorflow-datasets with two kinds of pictures, in splits trainA and trainB, as CycleGAN's data have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data
from keras_dl.data.kinds import LABEL, PAIR
from keras_dl.data.memory import check_fits
from keras_dl.data.resize import DEFAULT_SIZE
from keras_dl.data.spec import Column
from keras_dl.data.tfds_columns import find_columns, input_kind
from keras_dl.data.tfds_read import read_into_memory
from keras_dl.errors import UsageError, some

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

KINDS = ("A", "B")


def is_unpaired(builder: tfds.core.DatasetBuilder) -> bool:
    """Whether `builder` has two kinds of pictures, in splits of their own."""
    return {"trainA", "trainB"} <= builder.info.splits.keys()


def read_unpaired(
    builder: tfds.core.DatasetBuilder, validation: float, seed: int, image_size: int | None, origin: dict[str, Any]
) -> Data:
    """The pictures of both kinds, with the column "label" and, where each has a name of its own, "pair".

    Those of one name have one number there. Raises `UsageError` for data without pictures and empty splits.
    """
    keys = find_columns(builder)
    if "image" not in keys:
        raise UsageError(f"{builder.name} has {some([*keys])}; two kinds of pictures are wanted")
    features = builder.info.features
    text = next((key for key, feature in features.items() if key == "name" and input_kind(feature) == "text"), None)
    shape = tuple(features[keys["image"]].shape)
    if image_size or None in shape:
        shape = (image_size or DEFAULT_SIZE, image_size or DEFAULT_SIZE, shape[2])
    names = tuple(features[keys[LABEL]].names) if LABEL in keys else KINDS
    if len(names) != len(KINDS):
        raise UsageError(f"{builder.name} has two kinds of pictures, but {len(names)} classes: {some(names)}")
    wanted = {"image": keys["image"]} | ({PAIR: text} if text else {})
    parts: dict[str, dict[str, np.ndarray]] = {}
    for split in ("train", "validation", "test"):
        there = [kind for kind in KINDS if f"{split}{kind}" in builder.info.splits]
        counts = [builder.info.splits[f"{split}{kind}"].num_examples for kind in there]
        if len(there) == len(KINDS):
            if not all(counts):
                raise UsageError(f"the split {split}{KINDS[counts.index(0)]} of {builder.name} is empty")
            check_fits(builder.name, sum(counts), shape, 1)
            found = [read_into_memory(builder, f"{split}{kind}", wanted, shape, "uint8") for kind in KINDS]
            parts[split] = {name: np.concatenate([one[name] for one in found]) for name in wanted}
            parts[split][LABEL] = np.repeat([0, 1], counts)
    columns = {"image": Column(kind="image", shape=shape), LABEL: Column(kind="class", class_names=names)}
    if text:
        _, numbers = np.unique(np.concatenate([part[PAIR] for part in parts.values()]), return_inverse=True)
        places = np.cumsum([len(part[PAIR]) for part in parts.values()])[:-1]
        for part, found in zip(parts.values(), np.split(numbers, places), strict=True):
            part[PAIR] = found
        columns[PAIR] = Column(kind="index")
    return assemble(parts, columns, name=builder.name, validation=validation, seed=seed, origin=origin)
