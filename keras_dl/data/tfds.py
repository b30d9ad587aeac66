"""Data sets of tensorflow-datasets: pictures, vectors of numbers, texts or sounds, with one class label each."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import SPLITS, Data
from keras_dl.data.memory import check_fits
from keras_dl.data.resize import DEFAULT_SIZE, cover
from keras_dl.data.sequences import read_sequences
from keras_dl.data.spec import Column
from keras_dl.errors import UsageError
from keras_dl.lazy import LazyModule, tf

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

BATCH_SIZE = 256
VALUE_RANGES = ((0, 1), (-1, 1), (0, 255))
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


def load_tfds(name: str, data_dir: str | None, validation: float, seed: int, image_size: int | None) -> Data:
    """The data set that tensorflow-datasets calls `name`, downloaded if `data_dir` lacks it.

    Pictures of different sizes are scaled to cover `image_size`, by default `DEFAULT_SIZE`, and cropped to the centre;
    floats in 0..1 or -1..1 become 0..255. Raises `UsageError` for other kinds of data.
    """
    builder = _builder(name, data_dir or os.environ.get("TFDS_DATA_DIR"))  # TFDS itself reads it when imported
    _keys(builder)
    _prepare(builder)
    return _read(builder, validation, seed, image_size, image_size)


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


def _keys(builder: tfds.core.DatasetBuilder) -> tuple[str, str]:
    """What the input and the label are called in an example of `builder`."""
    features, declared = builder.info.features, builder.info.supervised_keys
    labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    inputs = [key for key, feature in features.items() if _kind(feature)]
    if declared is not None:
        inputs = [key for key in inputs if key == declared[0]]
        labels = [key for key in labels if key == declared[1]]
    if len(inputs) != 1 or len(labels) != 1:
        found = ", ".join(f"{key} ({type(feature).__name__})" for key, feature in features.items())
        raise UsageError(
            f"{builder.name} has {found}; pictures (gray or RGB), vectors of numbers, texts or sounds with one class "
            "label are wanted"
        )
    return inputs[0], labels[0]


def _kind(feature: tfds.features.FeatureConnector) -> Literal["image", "features", "text", "audio"] | None:
    """What `feature` holds, if networks can learn from it."""
    if isinstance(feature, tfds.features.Text):
        return "text"
    if isinstance(feature, tfds.features.Audio):
        return "audio" if len(feature.shape) == 1 and feature.sample_rate else None
    if not isinstance(feature, tfds.features.Image | tfds.features.Tensor):
        return None
    if not np.issubdtype(feature.np_dtype, np.number):
        return None
    if len(feature.shape) == 3 and feature.shape[2] in (1, 3):
        return "image"
    return "features" if len(feature.shape) == 1 and None not in feature.shape else None


@_quiet()
def _read(
    builder: tfds.core.DatasetBuilder, validation: float, seed: int, height: int | None, width: int | None
) -> Data:
    """All of `builder`'s data; pictures of `height` and `width`, by default their own."""
    input_key, label_key = _keys(builder)
    feature = builder.info.features[input_key]
    kind = _kind(feature)
    if kind in ("text", "audio"):
        return read_sequences(builder, kind, input_key, label_key, validation, seed, _origin(builder))
    shape, notices = tuple(feature.shape), []
    if kind == "image" and (height or None in shape):
        shape = (height or DEFAULT_SIZE, width or DEFAULT_SIZE, shape[2])
        notices.append(f"pictures were scaled to cover {shape[0]}x{shape[1]} pixels and cropped to their centre")
    dtype = "uint8" if feature.np_dtype == np.uint8 else "float32"
    splits = [split for split in SPLITS if split in builder.info.splits]
    if "train" not in splits:
        raise UsageError(f"{builder.name} has no train split; it has {', '.join(builder.info.splits)}")
    sizes = {split: builder.info.splits[split].num_examples for split in splits}
    check_fits(builder.name, sum(sizes.values()), shape, np.dtype(dtype).itemsize)

    examples = {split: _arrays(builder, split, size, shape, dtype) for split, size in sizes.items()}
    if kind == "image":
        notices += _map_values(builder.name, examples)
    return assemble(
        {split: {kind: inputs, "label": labels} for split, (inputs, labels) in examples.items()},
        {
            kind: Column(kind=kind, shape=shape),
            "label": Column(kind="class", class_names=tuple(builder.info.features[label_key].names)),
        },
        name=builder.name,
        validation=validation,
        seed=seed,
        notices=notices,
        origin=_origin(builder),
        reread=None if shape == tuple(feature.shape) else functools.partial(_read, builder, validation, seed),
    )


def _arrays(
    builder: tfds.core.DatasetBuilder, split: str, size: int, shape: tuple[int, ...], dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """The inputs (`size`, *`shape`) of `dtype` and the labels (`size`,) of a split."""
    input_key, label_key = _keys(builder)

    def prepare(example):
        value = example[input_key]
        if value.shape != shape:
            value = cover(value, shape)
            value = tf.round(value) if dtype == "uint8" else value
        return tf.cast(value, dtype), example[label_key]

    inputs, labels, done = np.empty((size, *shape), dtype), np.empty(size, "int64"), 0
    try:
        for x, y in builder.as_dataset(split=split).map(prepare, tf.data.AUTOTUNE).batch(BATCH_SIZE):
            inputs[done : done + len(y)], labels[done : done + len(y)] = x.numpy(), y.numpy()
            done += len(y)
    except (tf.errors.OpError, OSError) as error:
        where = f"{builder.name} in {builder.data_dir}"
        raise UsageError(f"the {split} split of {where} is damaged ({type(error).__name__})") from error
    return inputs, labels


def _map_values(name: str, examples: dict[str, tuple[np.ndarray, np.ndarray]]) -> list[str]:
    """Map the pictures in `examples` from the smallest of `VALUE_RANGES` that holds them to 0..255."""
    arrays = {split: values for split, (values, _) in examples.items() if values.size}
    low = min(values.min() for values in arrays.values())
    high = max(values.max() for values in arrays.values())
    if not np.isfinite([low, high]).all():
        return []  # the check of the splits names the example
    fitting = next(((a, b) for a, b in VALUE_RANGES if a <= low and high <= b), None)
    if fitting is None:
        raise UsageError(f"the pixels of {name} have values {low:g}..{high:g}; they must be in 0..255, 0..1 or -1..1")
    if fitting == (0, 255):
        return []
    start, end = fitting
    for split, values in arrays.items():
        mapped = (values.astype("float32") - start) * (255 / (end - start))
        examples[split] = mapped, examples[split][1]
    return [f"pixel values {start}..{end} were mapped to 0..255"]
