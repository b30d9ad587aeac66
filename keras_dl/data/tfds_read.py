"""The examples of tensorflow-datasets as columns: in memory, or pictures that are left in their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_dl.data.resize import cover, cover_boxes, cover_mask
from keras_dl.data.source import Array, Source
from keras_dl.data.sources.decoded import Decoded
from keras_dl.data.sources.ragged import Ragged
from keras_dl.data.sources.records import Records, indexed
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule, tf

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

BATCH_SIZE = 256
VALUE_RANGES = ((0, 1), (-1, 1), (0, 255))
RAGGED = ("boxes", "labels", "captions")
Columns = dict[str, np.ndarray | Source]


def read_into_memory(
    builder: tfds.core.DatasetBuilder, split: str, keys: dict[str, str], shape: tuple[int, ...], dtype: str
) -> Columns:
    """The columns `keys` of a split, as `find_columns` names them: inputs (n, *`shape`) of `dtype`.

    Raises `UsageError` for files that are damaged.
    """
    size = builder.info.splits[split].num_examples
    # the order of the files, whatever is read first, and no copy of a small data set in TensorFlow
    reading = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    decoders = tfds.decode.PartialDecoding(_tree(builder, _needed(builder, keys)))
    examples = builder.as_dataset(split=split, read_config=reading, decoders=decoders)
    prepared = examples.map(_preparing(builder, keys, shape, dtype), tf.data.AUTOTUNE)
    dense = {
        name: np.empty((size, *spec.shape), spec.dtype.as_numpy_dtype)
        for name, spec in prepared.element_spec.items()
        if name not in RAGGED
    }
    ragged, done = {name: [] for name in keys if name in RAGGED}, 0
    try:
        for batch in prepared.ragged_batch(BATCH_SIZE):
            count = next(iter(batch.values())).shape[0]
            for name, values in dense.items():
                values[done : done + count] = batch[name].numpy()
            for name, rows in ragged.items():
                rows += [row.numpy() for row in batch[name]]
            done += count
    except (tf.errors.OpError, OSError) as error:
        where = f"{builder.name} in {builder.data_dir}"
        raise UsageError(f"the {split} split of {where} is damaged ({type(error).__name__})") from error
    return {name: dense[name] if name in dense else _ragged(name, ragged[name]) for name in keys}


def _ragged(name: str, rows: list[np.ndarray]) -> Source:
    """The column `name` of `rows` that differ in length, padded: texts by empty ones."""
    if name != "captions":
        return Ragged.of(rows, fill=-1)
    texts = np.full((len(rows), max(map(len, rows))), "", object)
    for text, row in zip(texts, rows, strict=True):
        text[: len(row)] = [one.decode("utf-8", "replace") for one in row]
    return Array(texts)


def widened(texts: Source, most: int) -> Source:
    """The same `texts`, up to `most` an example."""
    return Array(np.pad(texts.values, ((0, 0), (0, most - texts.shape[0])), constant_values=""))


def read_from_files(
    builder: tfds.core.DatasetBuilder, split: str, keys: dict[str, str], shape: tuple[int, ...], dtype: str
) -> Columns:
    """The same columns, of which the pictures stay in the files of `builder`, and come out with the same bits."""
    features, key = builder.info.features, keys["image"]
    placed = any(name in keys for name in ("mask", "boxes", "labels"))
    # where boxes and masks lie depends on the size of the picture
    prepare = _preparing(builder, keys, shape, dtype) if placed else _preparing_labels(keys)
    decoders = None if placed else {key: tfds.decode.SkipDecoding()}

    def parse(content: tf.Tensor) -> dict[str, tf.Tensor]:
        found = prepare(features.deserialize_example(content, decoders=decoders))
        return {name: values for name, values in found.items() if name != "image"}

    index, rows = indexed([Path(path) for path in builder.info.splits[split].filepaths], parse)

    def decode(content: tf.Tensor) -> tf.Tensor:
        found = tf.io.parse_single_example(content, {key: tf.io.FixedLenFeature([], "string")})
        return _fitted(features[key].decode_example(found[key]), shape, dtype)

    columns: Columns = {"image": Decoded(Records(index), decode, shape=shape, dtype=dtype)}
    for name in keys:
        if name in RAGGED:
            columns[name] = _ragged(name, [row[name] for row in rows])
        elif name != "image":
            columns[name] = np.stack([row[name] for row in rows])
    return columns


def can_stream(builder: tfds.core.DatasetBuilder, keys: dict[str, str]) -> bool:
    """Whether `read_from_files` can read the pictures of `builder`."""
    return "image" in keys and builder.info.file_format == tfds.core.file_adapters.FileFormat.TFRECORD


def _preparing(
    builder: tfds.core.DatasetBuilder, keys: dict[str, str], shape: tuple[int, ...], dtype: str
) -> Callable[[dict[str, Any]], dict[str, tf.Tensor]]:
    """What makes the columns `keys` of an example, everything in a picture of `shape`."""
    numbered = "mask" in keys and not isinstance(builder.info.features[keys["mask"]], tfds.features.LabeledImage)
    crowds = _needed(builder, keys).get("crowds")

    def prepare(example: dict[str, Any]) -> dict[str, tf.Tensor]:
        parts = {name: _part(example, key) for name, key in keys.items()}
        name, value = next(iter(parts.items()))
        source = tf.shape(value)[:2]
        columns = {**parts, name: _fitted(value, shape, dtype)}
        if "mask" in parts:
            mask = tf.cast(parts["mask"][..., 0], "int32")
            if numbered:  # 0 is the background, k + 1 the object k
                mask = tf.gather(tf.concat([[0], tf.cast(parts["labels"], "int32") + 1], 0), mask)
            columns["mask"] = tf.cast(cover_mask(mask, shape[:2]), "uint8")
        if "boxes" in parts:
            sides = tf.cast(tf.stack([source[1], source[0]] * 2), "float32")
            boxes = tf.gather(parts["boxes"], [1, 0, 3, 2], axis=1) * sides  # of (top, left, bottom, right), 0..1
            boxes, labels = cover_boxes(boxes, parts["labels"], source, shape[:2])
            there = labels >= 0 if crowds is None else (labels >= 0) & ~_part(example, crowds)
            columns["boxes"], columns["labels"] = tf.boolean_mask(boxes, there), tf.boolean_mask(labels, there)
        if "number" in parts:
            columns["number"] = tf.cast(parts["number"], "float32")[None]
        if "captions" in parts:
            columns["captions"] = tf.reshape(parts["captions"], [-1])  # of one text or several
        return columns

    return prepare


def _preparing_labels(keys: dict[str, str]) -> Callable[[dict[str, Any]], dict[str, tf.Tensor]]:
    def prepare(example: dict[str, Any]) -> dict[str, tf.Tensor]:
        found = {name: _part(example, key) for name, key in keys.items() if name in ("label", "number", "captions")}
        return {name: tf.cast(value, "float32")[None] if name == "number" else value for name, value in found.items()}

    return prepare


def _needed(builder: tfds.core.DatasetBuilder, keys: dict[str, str]) -> dict[str, str]:
    """The features that the columns `keys` are made of: of boxes also whether they are of "crowds", which are none."""
    outer = keys["boxes"].rpartition("/")[0] if "boxes" in keys else None
    if outer is not None and "is_crowd" in dict(builder.info.features[outer].feature.items()):
        return {**keys, "crowds": f"{outer}/is_crowd"}
    return keys


def _tree(builder: tfds.core.DatasetBuilder, keys: dict[str, str]) -> dict[str, Any]:
    """The features `keys` as tensorflow-datasets wants to be told them, those that are one in another too."""
    tree: dict[str, Any] = {}
    for key in keys.values():
        if key in builder.info.features:
            tree[key] = True
        else:
            outer, _, inner = key.rpartition("/")
            tree.setdefault(outer, {})[inner] = True
    return tree


def _part(example: dict[str, Any], path: str) -> tf.Tensor:
    if path in example:
        return example[path]
    outer, _, inner = path.rpartition("/")
    return example[outer][inner]


def _fitted(value: tf.Tensor, shape: tuple[int, ...], dtype: str) -> tf.Tensor:
    if value.shape != shape:
        value = cover(value, shape)
        value = tf.round(value) if dtype == "uint8" else value
    return tf.cast(value, dtype)


def map_values(name: str, pictures: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """`pictures` of each split mapped from the smallest of `VALUE_RANGES` that holds them to 0..255, and notices."""
    arrays = [values for values in pictures.values() if values.size]
    low, high = min(values.min() for values in arrays), max(values.max() for values in arrays)
    if not np.isfinite([low, high]).all():
        return pictures, []  # the check of the splits names the example
    fitting = next(((a, b) for a, b in VALUE_RANGES if a <= low and high <= b), None)
    if fitting is None:
        raise UsageError(f"the pixels of {name} have values {low:g}..{high:g}; they must be in 0..255, 0..1 or -1..1")
    if fitting == (0, 255):
        return pictures, []
    start, end = fitting
    mapped = {}
    for split, values in pictures.items():
        mapped[split] = values.astype("float32", copy=False)
        mapped[split] -= start
        mapped[split] *= 255 / (end - start)
    return mapped, [f"pixel values {start}..{end} were mapped to 0..255"]
