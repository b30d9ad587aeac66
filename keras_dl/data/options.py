"""Where the data of a recipe come from, as options."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated, Any, Self

import tyro

from keras_dl.data.naming import find_folder
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Fraction

LOADING = ("data_dir", "image_size", "validation", "skip_bad", "target", "source", "split")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions:
    """The arguments of `keras_dl.data.load` that recipes for any data offer."""

    data: str = "digits"
    """"digits", "coloured_digits", the texts "clauses" and "facts", a name of tensorflow-datasets, a folder of pictures
    by class or of triples, a table .csv, arrays or a graph .npz, or an environment, gymnasium:CartPole-v1"""
    data_dir: str | None = None
    """where tensorflow-datasets keeps its data; default TFDS_DATA_DIR, then its own"""
    image_size: Count | None = None
    """height and width that pictures are resized to; default the data's, or the network's where it is fixed"""
    validation: Fraction = 0.1
    """part of the training examples held out where the data has no validation split"""
    skip_bad: bool = False
    """leave out pictures that cannot be read"""
    target: Annotated[str | None, tyro.conf.arg(aliases=("--label",))] = None
    """what is to be predicted, where the data have several answers: a label of tensorflow-datasets, a column"""
    source: str | None = None
    """which feature of tensorflow-datasets networks take, where there are several, such as the language to be read"""
    split: str | None = None
    """the split of tensorflow-datasets to train on, where none is called train"""

    def placed(self) -> Self:
        """The recipe in a run folder, its data found and their folders absolute: it goes on from any other place."""
        folder = find_folder(self.data, self.data_dir)
        paths = {"data": folder, "data_dir": self.data_dir}
        absolute = {name: os.path.abspath(os.path.expanduser(path)) for name, path in paths.items() if path is not None}
        placed = dataclasses.replace(super().placed(), **absolute)
        if folder is not None and Path(placed.out).resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{placed.out} lies in the data folder {folder}, where it would be a class; set `out`")
        return placed

    @property
    def subject(self) -> str:
        """What figures are about: the name of the data, or that of their folder."""
        from keras_dl.figures import plain

        return plain(os.path.basename(self.data.rstrip(os.sep)))

    @property
    def loading(self) -> dict[str, Any]:
        """The arguments of `load` beside the name and the seed."""
        return {name: getattr(self, name) for name in LOADING}
