"""Search the size of any network, and how it is trained.

Run it by `keras-dl search resnet20 --data digits --max-parameters 100000`, or import `Search`. A HyperModel of one's
own is searched by `keras-dl search --hypermodel my_module:MyHyperModel --data digits`.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from keras_dl.catalogue import get_config
from keras_dl.config import Config
from keras_dl.data.options import DataOptions
from keras_dl.experiments.recipe import Recipe
from keras_dl.learning.task import Task
from keras_dl.search import Settings, Trial, search
from keras_dl.search.settings import BUDGET, INDECISIVE
from keras_dl.tasks import get_task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search(Settings, DataOptions, Recipe):
    """Train variations of a network on a data set, and keep the one that is best on the validation split."""

    command: ClassVar[str] = "search"
    """what follows `keras-dl` to run it"""
    prolongs = (*INDECISIVE, *BUDGET)
    """the options that may change when a search goes on; a budget is then that of the candidates to come"""

    network: Config = get_config("esl_net5")
    """the network; its inputs and outputs follow the data"""
    task: Task = get_task("classification")
    """what the networks learn, and how, and by what they are judged; `--task NAME` takes another than the network's
    own"""
    hypermodel: str | None = None
    """search a keras_tuner.HyperModel in place of the network: module:Name, of a module in the present folder or
    installed"""

    def run(self) -> list[Trial]:
        """Returns all trials in order, those rejected by their size included."""
        folder, config = self.folder(), self.network
        if self.hypermodel is not None:
            from keras_dl.search.hypermodel import network

            config = network(self.hypermodel)
        trials = search(config, self.data, self, folder, task=self.task, **self.loading)

        from keras_dl.search.report import report

        report(trials, config, self, folder, self.data, task=self.task, **self.loading)
        return trials
