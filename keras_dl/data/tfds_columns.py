"""Which features of a data set of tensorflow-datasets become which columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from keras_dl.data.spec import Column
from keras_dl.errors import UsageError, some
from keras_dl.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow_datasets as tfds
else:
    tfds = LazyModule("tensorflow_datasets")

WANTED = (
    "pictures (gray or RGB), vectors of numbers, texts or sounds, with a class label, a number, boxes or a mask; two "
    "texts, with a class label or without; or one of them alone"
)


def find_columns(
    builder: tfds.core.DatasetBuilder, target: str | None = None, source: str | None = None
) -> dict[str, str]:
    """The columns of `builder`'s examples, the input first, and the feature that each is made of.

    An input is called by its kind, image, features, text or audio, and its class "label", a number to be predicted
    "number", boxes and their classes "boxes" and "labels", classes of pixels "mask"; a text and its translation are
    "source" and "target", two texts of one answer "text" and "second_text", texts about a picture "captions". `target`
    is the feature to be predicted, and `source` the one that networks take, where there are several. Raises
    `UsageError`.
    """
    features, declared = _features(builder), _declared(builder)
    masks = [key for key, feature in features.items() if _is_mask(feature)]
    kinds = {key: kind for key, feature in features.items() if key not in masks and (kind := input_kind(feature))}
    if source is not None:
        if source not in kinds:
            raise UsageError(f"{builder.name} has no input {source}; it has {some([*kinds], most=20) or 'none at all'}")
        if source == target:
            raise UsageError(f"source and target must be two features of {builder.name}, got {source} twice")
        kinds = {key: kind for key, kind in kinds.items() if key == source}
    if target is not None:
        return _predicting(builder, target, kinds, declared)
    if declared and declared[0] in kinds:
        return _predicting(builder, declared[1], kinds, declared)
    pictures = [key for key, kind in kinds.items() if kind == "image"]
    if len(pictures) == 1:
        found = {"image": pictures[0]}
        objects = [key for key, feature in features.items() if _is_boxes(feature)]
        texts = [path for key, feature in features.items() for path in _texts(key, feature)]
        if len(texts) == 1:
            return {**found, "captions": texts[0]}
        if len(masks) == 1:
            found["mask"] = masks[0]
        if len(objects) == 1:
            found |= {"boxes": f"{objects[0]}/bbox", "labels": f"{objects[0]}/label"}
        if len(found) > 1:
            return found
        kinds = {pictures[0]: "image"}
    labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    if len(labels) > 1 and len(kinds) == 1:
        raise UsageError(f"{builder.name} has several labels: {some(labels)}; choose one of them as the target")
    if len(labels) == 1 and [*kinds.values()] == ["text", "text"]:
        return _predicting(builder, labels[0], kinds, declared)
    if len(kinds) != 1:
        raise _unfit(builder)
    [(key, kind)] = kinds.items()
    return {kind: key} | ({"label": labels[0]} if labels else {})


def _features(builder: tfds.core.DatasetBuilder) -> dict[str, Any]:
    """The features by name, in the order of the code that declares them; files have none, so by the alphabet there."""
    features = dict(builder.info.features.items())
    from_files = isinstance(builder, tfds.core.read_only_builder.ReadOnlyBuilder)
    return dict(sorted(features.items())) if from_files else features


def _declared(builder: tfds.core.DatasetBuilder) -> tuple[str, str] | None:
    """The input and the target that the data set itself names."""
    keys = builder.info.supervised_keys
    return keys if isinstance(keys, tuple) and len(keys) == 2 and all(isinstance(key, str) for key in keys) else None


def _predicting(
    builder: tfds.core.DatasetBuilder, target: str, kinds: dict[str, str], declared: tuple[str, str] | None
) -> dict[str, str]:
    """The columns where the feature `target` is to be predicted."""
    features = _features(builder)
    column = _target(features[target]) if target in features else None
    if column is None:
        possible = [key for key, feature in features.items() if _target(feature)]
        raise UsageError(f"{builder.name} has no target {target}; it has {some(possible, most=20) or 'none at all'}")
    inputs = [key for key in kinds if key != target]
    if column == "target" and [kinds[key] for key in inputs].count("image") == 1:
        return {"image": next(key for key in inputs if kinds[key] == "image"), "captions": target}
    if declared and declared[0] in inputs:
        inputs = [declared[0]]
    elif len(pictures := [key for key in inputs if kinds[key] == "image"]) == 1:
        inputs = pictures
    if column != "target" and [kinds[key] for key in inputs] == ["text", "text"]:
        return {"text": inputs[0], "second_text": inputs[1], column: target}
    if len(inputs) != 1 or (column == "target" and kinds[inputs[0]] != "text"):
        raise _unfit(builder)
    return {"source" if column == "target" else kinds[inputs[0]]: inputs[0], column: target}


def _unfit(builder: tfds.core.DatasetBuilder) -> UsageError:
    found = ", ".join(f"{key} ({type(feature).__name__})" for key, feature in builder.info.features.items())
    return UsageError(f"{builder.name} has {found}; wanted are {WANTED}")


def _target(feature: tfds.features.FeatureConnector) -> str | None:
    """What the column is called where `feature` is to be predicted."""
    if isinstance(feature, tfds.features.ClassLabel):
        return "label"
    if isinstance(feature, tfds.features.Text):
        return "target"
    if isinstance(feature, tfds.features.Tensor) and feature.shape == () and np.issubdtype(feature.np_dtype, np.number):
        return "number"
    return None


def input_kind(feature: tfds.features.FeatureConnector) -> Literal["image", "features", "text", "audio"] | None:
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


def _is_mask(feature: tfds.features.FeatureConnector) -> bool:
    """Whether `feature` has a class for each pixel, or the number of an object."""
    if isinstance(feature, tfds.features.LabeledImage):
        return True
    return isinstance(feature, tfds.features.Image) and feature.np_dtype == np.uint16 and feature.shape[2] == 1


def _texts(key: str, feature: tfds.features.FeatureConnector) -> list[str]:
    """The lists of texts, such as captions, in the `feature` called `key`, which may say more about each text."""
    inner = getattr(feature, "feature", None)
    parts = dict(inner.items()) if isinstance(inner, tfds.features.FeaturesDict) else {}
    nested = [f"{key}/{name}" for name, part in parts.items() if isinstance(part, tfds.features.Text)]
    return [key] if isinstance(inner, tfds.features.Text) else nested


def _is_boxes(feature: tfds.features.FeatureConnector) -> bool:
    """Whether `feature` lists objects with a box "bbox" and a class "label"."""
    inner = getattr(feature, "feature", None) if isinstance(feature, tfds.features.Sequence) else None
    if not isinstance(inner, tfds.features.FeaturesDict):
        return False
    parts = dict(inner.items())
    return isinstance(parts.get("bbox"), tfds.features.BBoxFeature) and isinstance(
        parts.get("label"), tfds.features.ClassLabel
    )


def class_names(builder: tfds.core.DatasetBuilder, path: str) -> tuple[str, ...]:
    """What the classes of the feature at `path` are called."""
    features = builder.info.features
    outer, _, inner = path.rpartition("/")
    return tuple((features[path] if path in features else features[outer][inner]).names)


def described(
    builder: tfds.core.DatasetBuilder, keys: dict[str, str], shape: tuple[int, ...], most: int = 1, texts: int = 1
) -> dict[str, Column]:
    """The columns that `find_columns` has found in `keys`: inputs of `shape`, `most` boxes and `texts` of a picture."""
    columns = {}
    for name, key in keys.items():
        if name == "label":
            columns[name] = Column(kind="class", class_names=class_names(builder, key))
        elif name == "number":
            columns[name] = Column(kind="number", shape=(1,))
        elif name == "mask":
            columns[name] = Column(kind="mask", shape=shape[:2], class_names=mask_names(builder, keys))
        elif name == "boxes":
            columns[name] = Column(kind="boxes", shape=(most, 4))
        elif name == "labels":
            columns[name] = Column(kind="classes", shape=(most,), class_names=class_names(builder, key))
        elif name == "captions":
            columns[name] = Column(kind="texts", shape=(texts,))
        elif name in ("source", "target", "second_text"):
            columns[name] = Column(kind="text")
        else:
            rate = builder.info.features[key].sample_rate if name == "audio" else None
            columns[name] = Column(kind=name, shape=shape, rate=rate)
    return columns


def mask_names(builder: tfds.core.DatasetBuilder, keys: dict[str, str]) -> tuple[str, ...]:
    """The classes of pixels; where they are of numbered objects, what is of none is "background"."""
    feature = builder.info.features[keys["mask"]]
    if isinstance(feature, tfds.features.LabeledImage):
        return tuple(feature.names or map(str, range(feature.num_classes)))
    if "labels" not in keys:
        raise UsageError(f"{builder.name} numbers objects in {keys['mask']}, but has no list of their classes")
    return ("background", *class_names(builder, keys["labels"]))
