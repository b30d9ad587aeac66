"""The handwritten digits that come with scikit-learn.

Alpaydin & Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998: 1,797 pictures
of 8x8 pixels, the test set of that collection.
"""

from __future__ import annotations

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data
from keras_dl.data.spec import Column


def load_digits(validation: float, seed: int) -> Data:
    """The 1,797 digits, (8, 8, 1), values 0..16 mapped to 0..255; a fixed fifth of each class is the test split."""
    import sklearn.datasets

    digits = sklearn.datasets.load_digits()
    pictures = (digits.images[..., None] * (255 / 16)).astype(np.float32)
    return assemble(
        {"train": {"image": pictures, "label": digits.target}},
        {
            "image": Column(kind="image", shape=pictures.shape[1:]),
            "label": Column(kind="class", class_names=tuple(map(str, digits.target_names))),
        },
        name="digits",
        origin={"kind": "the embedded digits"},
        validation=validation,
        seed=seed,
        notices=["pixel values 0..16 were mapped to 0..255"],
    )
