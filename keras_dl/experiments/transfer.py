"""What recipes of transfer share: a trained base, the new task in its shape, students with some stages frozen."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Sequence

import numpy as np

from keras_dl import saved_model, surgery
from keras_dl.config import Config
from keras_dl.data import Data, Split
from keras_dl.errors import UsageError
from keras_dl.experiments.experiment import DataExperiment
from keras_dl.fields import Count, Positive
from keras_dl.lazy import keras
from keras_dl.training import Options
from keras_dl.training.batch_statistics import BATCHES, BatchStatistics
from keras_dl.training.quiet import Quiet

BASES = {1: "lenet5_mnist", 3: "resnet20_cifar10"}
"""for pictures of so many channels, the saved model to start from where none is named"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransferExperiment(DataExperiment):
    """An experiment on what a trained base network brings to a task of few labels."""

    base: str | None = None
    """folder of a saved model, or its name in saved_models/; default one for the colours of the data"""
    steps: Count = 100
    """training steps of each fit"""
    batch_size: Count = 32
    """examples per step, or all there are"""
    learning_rate: Positive = 1e-3
    """Adam's"""

    @property
    def base_name(self) -> str:
        """The saved model that is the base. Raises `UsageError` for data without pictures."""
        self.dataset.spec.check_pictures()
        return self.base or BASES[self.dataset.spec.shape[2]]

    @functools.cached_property
    def base_model(self) -> keras.Model:
        """The base. Raises `UsageError` if there is none, or if it has no features to transfer."""
        model = saved_model.load(self.base_name)
        if not surgery.feature_stages(model):
            raise UsageError(f"base {self.base_name} has no stages whose outputs are maps, so no features to transfer")
        return model

    @functools.cached_property
    def config(self) -> Config:
        """The base's network for the classes of the new task."""
        return saved_model.read_contract(self.base_name)["config"].replace(classes=self.dataset.spec.classes)

    @functools.cached_property
    def new_task(self) -> Data:
        """The new task, in the base's shape."""
        self.dataset.spec.check_size(self.config.input_shape, self.base_name)
        return self.dataset.resized(self.config.input_shape)

    def student(self, frozen: Iterable[str], *, slower: float = 1.0) -> Student:
        """A student with the stages `frozen`, whose learning rate is `slower` times that of the options."""
        return Student(
            self.config,
            frozen,
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate * slower,
        )


class Student:
    """The network of `config`, of which the stages `frozen` keep their weights and statistics while it learns.

    It is compiled once, with Adam; `learn` may be called often.
    """

    def __init__(self, config: Config, frozen: Iterable[str], *, steps: int, batch_size: int, learning_rate: float):
        self._steps, self._batch_size = steps, batch_size
        self._quiet = Quiet.of(config, Options(freeze=tuple(frozen), learning_rate=learning_rate), steps)
        self.model = self._quiet.network
        self._statistics = BatchStatistics(self.model)

    def learn(self, start: Sequence[np.ndarray], examples: Split, seed: int) -> list[np.ndarray]:
        """Learn `examples`, whose order is `seed`'s, from the weights `start`, and return the weights it ends with."""
        self._quiet.restart(start)
        batches = examples.stream(min(self._batch_size, len(examples)), steps=self._steps, seed=seed)
        self._quiet.fit(batches)
        self._statistics.estimate(self._statistics.young(self._steps), batches.take(BATCHES))
        return self.model.get_weights()

    def accuracy(self, test: Split) -> float:
        """The accuracy on `test`, in %, after the last `learn`."""
        return 100 * self.model.evaluate(test.batches(256), verbose=0, return_dict=True)["accuracy"]
