"""A job: a network, a task, data and options, from their names to a trained model that can be used."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from keras_dl import saved_model
from keras_dl.augment.by_name import by_name
from keras_dl.config import Config
from keras_dl.data import Data, Spec, Split, load
from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.task import Task
from keras_dl.training import named
from keras_dl.training.building import build
from keras_dl.training.checkpoint import CHECKPOINTS, generations
from keras_dl.training.kept import kept_row
from keras_dl.training.loop import Training
from keras_dl.training.objective import compile_model
from keras_dl.training.options import Options


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be trained, by what, and how.

    `network` becomes that for the data. `loading` are the arguments of `keras_dl.data.load`, `augment` names changes to
    the training examples. The network starts from `weights`, as `keras_dl.build` takes them. `callbacks` and `metrics`
    are names as in `keras_dl.training.named`.
    """

    network: Config
    task: Task
    loading: dict[str, Any]
    options: Options
    augment: tuple[str, ...] = ()
    weights: str | None = None
    callbacks: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    def loaded(self) -> Data:
        """The data as they are. Raises `UsageError` as `keras_dl.data.load` does."""
        return load(**self.loading, whole=self.task.whole_tables)

    def adapted(self) -> tuple[Config, Data]:
        """The network for the data, and the data as it takes them. Raises `UsageError` where they do not fit."""
        return self.task.adapt(self.network, self.loaded())

    def fitting(self, data: Data) -> Data:
        """`data`, as they are, for the very `network`: adapted once, it may have another resolution since."""
        _, data = self.task.adapt(self.network, data)
        return self.task.sized(self.network, data)

    def begun(self, folder: Path) -> bool:
        """Whether a training in `folder` has a checkpoint to go on from."""
        return bool(generations(folder / CHECKPOINTS))

    def train(self, folder: Path, config: Config, data: Data, *, verbose: int = 2) -> Trained:
        """Train the network `config` on `data`, both as `adapted` gives them, in `folder`, or go on there.

        Raises as `keras_dl.fit` does.
        """
        if self.weights is not None and not self.begun(folder):
            self._check_tokens(data.spec)
        network = build(config, self.options, None if self.begun(folder) else self.weights)
        training = Training(network, config, self.task, data, self.options, folder, verbose=verbose)
        rows = training.run(
            **by_name(self.augment, data.spec),
            callbacks=named.callbacks(self.callbacks),
            metrics=named.metrics(self.metrics),
        )
        return Trained(self, training, rows)

    def _check_tokens(self, spec: Spec) -> None:
        """Raise `UsageError` where the saved model `weights` knows texts by other tokens than those of `spec`."""
        try:
            theirs = saved_model.read_contract(saved_model.find(self.weights))["spec"]
        except UsageError:  # it is no saved model, or a damaged one, which `build` reports
            return
        for name, column in theirs.columns.items() if theirs is not None else ():
            ours = spec.columns.get(name, column).vocabulary
            if column.kind == "tokens" and ours != column.vocabulary:
                hint = f"; --task.vocabulary {self.weights} takes its own" if hasattr(self.task, "vocabulary") else ""
                raise UsageError(f"{self.weights} knows texts by other tokens than those of {spec.name}{hint}")

    def trained(self, network: keras.Model, data: Data) -> Trained:
        """`network`, of the very config, as this job has left it, ready to be measured on `data`; its rows are gone."""
        training = Training(network, self.network, self.task, data, self.options, Path(), verbose=0)
        training.prepare()
        compile_model(training.learner, self.network, self.options, 1, self.task)
        return Trained(self, training, [])


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """What came of a job: its `training`, and the `rows` of metrics."""

    job: Job
    training: Training
    rows: list[dict[str, Any]]

    @property
    def network(self) -> keras.Model:
        return self.training.network

    @property
    def row(self) -> dict[str, Any]:
        """The row of the epoch whose weights were kept."""
        return kept_row(self.rows, self.job.options, self.job.task.watched)

    def evaluate(self, split: Split) -> dict[str, float]:
        """All scores on `split`, by name."""
        return self.training.evaluate(split)

    def save(self, folder: Path, *, card: str = "", facts: dict[str, Any] | None = None) -> None:
        """Write the network as a saved model, with all that it takes to use it."""
        saved_model.save(
            self.network,
            folder,
            config=self.training.config,
            task=self.job.task,
            spec=self.training.data.spec,
            card=card,
            facts=facts,
        )
