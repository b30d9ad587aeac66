"""Folders of small pictures by class, and small data sets of tensorflow-datasets, for tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed=0, size=(20, 14), mode="RGB"):
    """A noisy picture of `size` (width, height)."""
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def fill(folder: Path, classes=("cat", "dog"), count=6, suffix=".png", **kind) -> Path:
    """`count` pictures in each of `folder`/<class>/."""
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture(100 * label + number, **kind).save(folder / name / f"{number}{suffix}")
    return folder


def store(
    folder: Path, splits: dict[str, tuple[np.ndarray, list[int]]], classes=3, name="rows", version="1.0.0"
) -> str:
    """A data set that tensorflow-datasets finds in `folder` under `name`: features and labels of each split."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    shape, dtype = next((inputs.shape[1:], inputs.dtype) for inputs, _ in splits.values())
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        features=tfds.features.FeaturesDict(
            {
                "features": tfds.features.Tensor(shape=shape, dtype=dtype),
                "label": tfds.features.ClassLabel(num_classes=classes),
            }
        ),
        split_datasets={
            split: tf.data.Dataset.from_tensor_slices({"features": inputs, "label": labels})
            for split, (inputs, labels) in splits.items()
        },
        data_dir=folder,
    )
    return name
