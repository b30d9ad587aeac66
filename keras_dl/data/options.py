"""Where the data of a recipe come from, as options."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions:
    """The arguments of `keras_dl.data.load` that recipes for any data offer."""

    data: str = "digits"
    """"digits", a name of tensorflow-datasets, or a folder of pictures by class"""
    data_dir: str | None = None
    """where tensorflow-datasets keeps its data; default TFDS_DATA_DIR, then its own"""
    image_size: int | None = None
    """height and width that pictures are resized to; default the data's, or the network's where it is fixed"""
    validation: float = 0.1
    """part of the training examples held out where the data has no validation split"""
    skip_bad: bool = False
    """leave out pictures that cannot be read"""

    @property
    def loading(self) -> dict[str, Any]:
        """The arguments of `load` beside the name and the seed."""
        return {name: getattr(self, name) for name in ("data_dir", "image_size", "validation", "skip_bad")}
