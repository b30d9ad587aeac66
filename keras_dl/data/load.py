"""One call for all data: those that are embedded, a name of tensorflow-datasets, a folder, a table, arrays."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from keras_dl.data.dataset import Data
from keras_dl.data.naming import CLAUSES, COLOURED_DIGITS, DIGITS, EMBEDDED, FACTS, find_folder
from keras_dl.data.sounds import holds_sounds
from keras_dl.data.triples import holds_triples
from keras_dl.environments import is_environment
from keras_dl.errors import UsageError, some
from keras_dl.fields import Count, Fraction, Seed, checked

TABLES = (".csv", ".npz")


def load(
    name: str | Path,
    *,
    data_dir: str | Path | None = None,
    validation: float = 0.1,
    seed: int = 0,
    image_size: int | None = None,
    skip_bad: bool = False,
    target: str | None = None,
    source: str | None = None,
    split: str | None = None,
    whole: bool = False,
) -> Data:
    """The data set called `name`: embedded, of tensorflow-datasets, in a folder or in a file.

    Embedded are "digits", "coloured_digits" with captions, and the texts "clauses" and "facts". An
    environment, such as gymnasium:CartPole-v1, is one too.

    A word without a separator is first the name of a data set; for a folder of that name write ./<name>, or a `Path`.
    A folder is <name>/<class>/<picture> or <name>/<train | validation | test>/<class>/<picture>, or has recordings in
    place of pictures, or trainA, trainB, testA and testB for classes, as CycleGAN's data, or is a knowledge graph:
    train.txt with triples, and valid.txt and test.txt. `data_dir` is where tensorflow-datasets keeps its data
    (default: TFDS_DATA_DIR, then its own); what is not there is downloaded.
    Where there is no validation split, the part `validation` of each class of the training examples becomes one, drawn
    by `seed`; where there is no test split, a fixed fifth does. Pictures get `image_size` pixels of height and width;
    by default they keep theirs, or get 96 where they differ. `skip_bad` leaves out files that cannot be read.
    `target` is what is to be predicted, a column of a table or a feature of tensorflow-datasets, `source` the feature
    of these that networks take and `split` the one to train on; all three where the data do not say. A table of dates
    and numbers, or an array "series", is one long series where no `target` is given. With `whole` a table is one column
    of all its cells, gaps and all, for tasks that need no target. Pictures that do not fit into
    memory stay in their files.

    Raises `UsageError` for unknown names, folders of another form, unreadable pictures, impossible labels, and for a
    choice where the data leave none.
    """
    name = checked("name", os.path.join(os.curdir, name) if isinstance(name, Path) else name, str)
    data_dir = checked("data_dir", os.fspath(data_dir) if isinstance(data_dir, Path) else data_dir, str | None)
    validation = checked("validation", validation, Fraction)
    seed = checked("seed", seed, Seed)
    image_size = checked("image_size", image_size, Count | None)
    skip_bad = checked("skip_bad", skip_bad, bool)
    target = checked("target", target, str | None)
    source = checked("source", source, str | None)
    split = checked("split", split, str | None)
    folder = find_folder(name, data_dir)
    file_type = folder.suffix.lower() if folder is not None and folder.is_file() else ""
    named = folder is None and name not in EMBEDDED and not is_environment(name)
    choices = {"source": source, "split": split} | ({} if file_type in TABLES else {"target": target})
    if not named and (said := [key for key, value in choices.items() if value is not None]):
        raise UsageError(f"{name} leaves no choice of {some(said)}; leave it out")
    if file_type == ".csv" and whole:
        from keras_dl.data.whole_table import load_whole

        data = load_whole(folder, validation, seed, target)
    elif file_type == ".csv":
        from keras_dl.data.csv_file import load_csv

        data = load_csv(folder, validation, seed, target)
    elif file_type == ".npz":
        from keras_dl.data.npz_file import load_npz

        data = load_npz(folder, validation, seed, target)
    elif folder is not None and holds_triples(folder):
        from keras_dl.data.triples import load_triples

        data = load_triples(folder, validation, seed)
    elif folder is not None and holds_sounds(folder):
        from keras_dl.data.recordings import load_recordings

        data = load_recordings(folder, validation, seed, skip_bad)
    elif folder is not None:
        from keras_dl.data.folder import load_folder

        data = load_folder(folder, validation, seed, image_size, skip_bad)
    elif name == DIGITS:
        from keras_dl.data.digits import load_digits

        data = load_digits(validation, seed)
    elif name == CLAUSES:
        from keras_dl.data.clauses import load_clauses

        data = load_clauses()
    elif name == FACTS:
        from keras_dl.data.facts import load_facts

        data = load_facts()
    elif name == COLOURED_DIGITS:
        from keras_dl.data.coloured_digits import load_coloured_digits

        data = load_coloured_digits()
    elif is_environment(name):
        from keras_dl.data.environment import load_environment

        data = load_environment(name)
    else:
        from keras_dl.data.tfds import load_tfds

        data = load_tfds(name, data_dir, validation, seed, image_size, target, source, split)
    if image_size is None:
        return data
    data = data.resized((image_size, image_size, *data.spec.shape[2:]))
    return dataclasses.replace(data, spec=dataclasses.replace(data.spec, image_size=image_size))
