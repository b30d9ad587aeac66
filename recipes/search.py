"""Search the width, the depth and the learning rate of any network.

Run it by `keras-dl search resnet20 --data digits --max-parameters 100000`, or import `Search`.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.recipe import Recipe
from keras_dl.search import Settings, Trial, search


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search(Settings, Recipe):
    """Train variations of a network on a data set, and keep the one that is best on the validation split."""

    command: ClassVar[str] = "search"
    """what follows `keras-dl` to run it"""

    network: Config = get_config("esl_net5")
    """the network; its input shape and classes follow the data"""
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

    def run(self) -> list[Trial]:
        """Returns all trials in order, those rejected by their size included."""
        folder = self.folder()
        loading = {name: getattr(self, name) for name in ("data_dir", "image_size", "validation", "skip_bad")}
        trials = search(self.network, self.data, self, folder, **loading)

        from keras_dl.search.report import report

        report(trials, self, folder, self.data, **loading)
        return trials


if __name__ == "__main__":
    from keras_dl.cli import run_recipe

    run_recipe("search")
