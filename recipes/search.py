"""Search the width, the depth and the learning rate of any network.

Run it by `keras-dl search resnet20 --data digits --max-parameters 100000`, or import `Search`.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.data.options import DataOptions
from keras_dl.recipe import Recipe
from keras_dl.search import Settings, Trial, search


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search(Settings, DataOptions, Recipe):
    """Train variations of a network on a data set, and keep the one that is best on the validation split."""

    command: ClassVar[str] = "search"
    """what follows `keras-dl` to run it"""

    network: Config = get_config("esl_net5")
    """the network; its input shape and classes follow the data"""

    def run(self) -> list[Trial]:
        """Returns all trials in order, those rejected by their size included."""
        folder = self.folder()
        trials = search(self.network, self.data, self, folder, **self.loading)

        from keras_dl.search.report import report

        report(trials, self, folder, self.data, **self.loading)
        return trials


if __name__ == "__main__":
    from keras_dl.cli import run_recipe

    run_recipe("search")
