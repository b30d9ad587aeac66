"""Data sets of tensorflow-datasets: their name, their splits, and which of their features are columns."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.data import answers, tagged
from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.memory import FEW, check_fits, fits
from keras_dl.data.resize import DEFAULT_SIZE
from keras_dl.data.sequences import read_sequences
from keras_dl.data.tfds_columns import described, find_columns, input_kind
from keras_dl.data.tfds_read import can_stream, map_values, read_from_files, read_into_memory, widened
from keras_dl.data.unpaired import is_unpaired, read_unpaired
from keras_dl.errors import UsageError, choose
from keras_dl.lazy import LazyModule, tf

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

NOT_THE_REASON = r"^Failed to construct dataset .*?\}\": | Here are \d+ .*:$"
"""what tensorflow-datasets says around it in its errors"""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the log lines of TensorFlow, tensorflow-datasets and its downloads."""
    import absl.logging

    tf.get_logger().setLevel("ERROR")
    downloads = logging.getLogger("urllib3")
    before = downloads.level, absl.logging.get_verbosity()
    downloads.setLevel("ERROR")
    absl.logging.set_verbosity(absl.logging.ERROR)
    try:
        yield
    finally:
        downloads.setLevel(before[0])
        absl.logging.set_verbosity(before[1])


def load_tfds(
    name: str,
    data_dir: str | None,
    validation: float,
    seed: int,
    image_size: int | None,
    target: str | None = None,
    source: str | None = None,
    split: str | None = None,
) -> Data:
    """The data set that tensorflow-datasets calls `name`, downloaded if `data_dir` lacks it.

    Pictures of different sizes are scaled to cover `image_size`, by default `DEFAULT_SIZE`, and cropped to the centre,
    masks and boxes along with them; floats in 0..1 or -1..1 become 0..255. Pictures that do not fit into memory stay in
    their files. `target` is the feature to be predicted, `source` the one that networks take, `split` the one to train
    on, where the data set does not say. Raises `UsageError` for other kinds of data.
    """
    builder = _builder(name, data_dir or os.environ.get("TFDS_DATA_DIR"))  # TFDS itself reads it when imported
    if target is None and source is None and answers.are_in(builder):
        _prepare(builder)
        splits, notices = _splits(builder, split)
        return answers.read_answers(builder, splits, notices, validation, seed, _origin(builder))
    if target is None and source is None and split is None and is_unpaired(builder):
        _prepare(builder)
        return read_unpaired(builder, validation, seed, image_size, _origin(builder))
    tags = tagged.tags_in(builder)
    if (target is None and len(tags) == 1) or target in tags:
        _prepare(builder)
        splits, notices = _splits(builder, split)
        settings = {"validation": validation, "seed": seed, "notices": notices, "origin": _origin(builder)}
        return tagged.read_tagged(builder, target or tags[0], splits, **settings)
    keys = find_columns(builder, target, source)
    _prepare(builder)
    splits, notices = _splits(builder, split)
    return _read(builder, keys, splits, notices, validation, seed, image_size, image_size)


@_quiet()
def _builder(name: str, data_dir: str | None) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=data_dir)
    except (tfds.core.registered.DatasetNotFoundError, ValueError, AssertionError, ImportError) as error:
        reason = re.sub(NOT_THE_REASON, "", str(error).strip().splitlines()[0])
        raise UsageError(f"cannot get {name}: {reason} (it takes NAME, NAME/CONFIG or NAME:VERSION)") from None


def _origin(builder: tfds.core.DatasetBuilder) -> dict[str, Any]:
    """Where the data of `builder` come from, for `Data`."""
    return {
        "kind": "tensorflow-datasets",
        "name": builder.info.full_name.removesuffix(f"/{builder.version}"),
        "version": str(builder.version),
        "counts": {split: info.num_examples for split, info in builder.info.splits.items()},
    }


@_quiet()
def _prepare(builder: tfds.core.DatasetBuilder) -> None:
    try:
        if not builder.is_prepared():
            builder.download_and_prepare()
    except Exception as error:  # every data set brings code of its own, which fails in its own ways
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UsageError(f"cannot get {builder.name}: {reason}; put it in data_dir or TFDS_DATA_DIR") from error


def _splits(builder: tfds.core.DatasetBuilder, split: str | None) -> tuple[dict[str, str], list[str]]:
    """Which splits of `builder` are train, validation and test, and notices."""
    there = [*builder.info.splits]
    if split is not None:
        choose(f"split of {builder.name}", split, there)
    elif "train" in there:
        split = "train"
    else:
        raise UsageError(f"{builder.name} has no train split; it has {', '.join(there)}; say which by split")
    notices = [] if split == "train" else [f"training examples are of the split {split}"]
    others = {name: name for name in SPLITS[1:] if name in there and name != split}
    return {"train": split, **others}, notices


@_quiet()
def _read(
    builder: tfds.core.DatasetBuilder,
    keys: dict[str, str],
    splits: dict[str, str],
    notices: list[str],
    validation: float,
    seed: int,
    height: int | None,
    width: int | None,
) -> Data:
    """The columns `keys` of all `splits`; pictures of `height` and `width`, by default their own."""
    name, key = next(iter(keys.items()))
    feature = builder.info.features[key]
    if input_kind(feature) in ("text", "audio"):
        return read_sequences(builder, keys, splits, notices, validation, seed, _origin(builder))
    shape, said = tuple(feature.shape), list(notices)
    if name == "image" and (height or None in shape):
        shape = (height or DEFAULT_SIZE, width or DEFAULT_SIZE, shape[2])
        said.append(f"pictures were scaled to cover {shape[0]}x{shape[1]} pixels and cropped to their centre")
    size = sum(builder.info.splits[split].num_examples for split in splits.values())
    dtype = "uint8" if feature.np_dtype == np.uint8 else "float32"
    large = not fits(size, shape, np.dtype(dtype).itemsize)
    if large and dtype == "uint8" and can_stream(builder, keys):
        check_fits(builder.name, min(size, FEW), shape, 1)
        parts = {split: read_from_files(builder, found, keys, shape, dtype) for split, found in splits.items()}
        said.append(f"{size:,} pictures do not fit into memory; they are read from their files in every epoch")
    else:
        check_fits(builder.name, size, shape, np.dtype(dtype).itemsize)
        parts = {split: read_into_memory(builder, found, keys, shape, dtype) for split, found in splits.items()}
        if name == "image":
            mapped, notes = map_values(builder.name, {split: columns["image"] for split, columns in parts.items()})
            parts = {split: {**columns, "image": mapped[split]} for split, columns in parts.items()}
            said += notes
    most = max((columns["boxes"].shape[0] for columns in parts.values() if "boxes" in keys), default=1)
    texts = max((columns["captions"].shape[0] for columns in parts.values() if "captions" in keys), default=1)
    for columns in parts.values():
        columns |= {name: columns[name].padded(most) for name in keys if name in ("boxes", "labels")}
        if "captions" in keys:
            columns["captions"] = widened(columns["captions"], texts)
    return assemble(
        parts,
        described(builder, keys, shape, most, texts),
        name=builder.name,
        validation=validation,
        seed=seed,
        notices=said,
        origin=_origin(builder),
        reread=None
        if shape == tuple(feature.shape)
        else functools.partial(_read, builder, keys, splits, notices, validation, seed),
    )
