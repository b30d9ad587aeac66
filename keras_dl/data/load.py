"""One call for all data: the embedded digits, a name of tensorflow-datasets, or a folder of pictures."""

from __future__ import annotations

import os
from pathlib import Path

from keras_dl.data.dataset import Data
from keras_dl.errors import UsageError


def load(
    name: str,
    *,
    data_dir: str | None = None,
    validation: float = 0.1,
    seed: int = 0,
    image_size: int | None = None,
    skip_bad: bool = False,
) -> Data:
    """The data set called `name`: "digits", a folder of pictures by class, or a name of tensorflow-datasets.

    A folder is <name>/<class>/<picture> or <name>/<train | validation | test>/<class>/<picture>. `data_dir` is where
    tensorflow-datasets keeps its data (default: TFDS_DATA_DIR, then its own); what is not there is downloaded.
    Where there is no validation split, the part `validation` of each class of the training examples becomes one, drawn
    by `seed`; where there is no test split, a fixed fifth does. Pictures get `image_size` pixels of height and width;
    by default they keep theirs, or get 96 where they differ. `skip_bad` leaves out pictures that cannot be read.
    Texts and sounds become what networks take by `keras_dl.data.prepare`.

    Raises `UsageError` for unknown names, folders of another form, unreadable pictures and impossible labels.
    """
    if not 0 < validation < 1:
        raise UsageError(f"validation must be a fraction above 0 and below 1, got {validation}")
    if seed < 0:
        raise UsageError(f"seed must be at least 0, got {seed}")
    if image_size is not None and image_size < 1:
        raise UsageError(f"image_size must be at least 1 pixel, got {image_size}")
    folder = Path(name).expanduser()
    if name == "digits":
        from keras_dl.data.digits import load_digits

        data = load_digits(validation, seed)
    elif folder.exists():
        from keras_dl.data.folder import load_folder

        data = load_folder(folder, validation, seed, image_size, skip_bad)
    elif name.startswith((".", "~")) or folder.is_absolute() or name.endswith(os.sep):
        raise UsageError(f"there is no folder {name}; expected a folder with <class>/<picture> in it")
    else:
        from keras_dl.data.tfds import load_tfds

        data = load_tfds(name, data_dir, validation, seed, image_size)
    if image_size is None:
        return data
    return data.resized((image_size, image_size, *data.spec.shape[2:]))
