"""The handwritten digits that come with scikit-learn.

Alpaydin & Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998: 1,797 pictures
of 8x8 pixels, the test set of that collection.
"""

from __future__ import annotations

import numpy as np

from keras_dl.data.assemble import assemble
from keras_dl.data.dataset import Data


def load_digits(validation: float, seed: int) -> Data:
    """The 1,797 digits, (8, 8, 1), values 0..16 mapped to 0..255; a fixed fifth of each class is the test split."""
    import sklearn.datasets

    digits = sklearn.datasets.load_digits()
    return assemble(
        {"train": ((digits.images[..., None] * (255 / 16)).astype(np.float32), digits.target)},
        name="digits",
        kind="image",
        origin={"kind": "the embedded digits"},
        class_names=[str(name) for name in digits.target_names],
        validation=validation,
        seed=seed,
        notices=["pixel values 0..16 were mapped to 0..255"],
    )
