"""Train any network on any data, and save it.

Run it by `keras-dl train lenet5_modern --data mnist`, or import `Train`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Literal

from keras_dl import storage
from keras_dl.catalogue import get_config
from keras_dl.catalogue.describe import describe
from keras_dl.config import Config
from keras_dl.console import plain_console
from keras_dl.data.options import DataOptions
from keras_dl.errors import UsageError
from keras_dl.experiments.recipe import Recipe
from keras_dl.learning import adapters
from keras_dl.learning.task import Task
from keras_dl.tasks import get_task
from keras_dl.training import Options
from keras_dl.training.card import card

if TYPE_CHECKING:
    from keras_dl.training.job import Job


@dataclasses.dataclass(frozen=True, kw_only=True)
class Train(Options, DataOptions, Recipe):
    """Train a network on a data set; the best or last weights are saved and measured once on the test split."""

    command: ClassVar[str] = "train"
    """what follows `keras-dl` to run it"""
    prolongs = ("epochs",)

    network: Config = get_config("lenet5_modern")
    """the network; its inputs and outputs follow the data"""
    task: Task = get_task("classification")
    """what it learns, and how; `--task NAME` takes another than the network's own"""
    weights: str | None = None
    """what it starts from: the name of published weights, such as imagenet, a file of them, or a saved model; for
    other classes than theirs the head is new"""
    augment: tuple[
        Literal[
            "flip",
            "shift",
            "rotate",
            "crop",
            "scale",
            "contrast",
            "brightness",
            "color",
            "erase",
            "rand_augment",
            "mixup",
            "cutmix",
            "pitch",
            "speed",
            "noise",
        ],
        ...,
    ] = ()
    """random changes to the training pictures, in this order; mixup and cutmix mix them, and their labels; pitch, speed
    and noise are for sounds"""

    callbacks: tuple[str, ...] = ()
    """callbacks of your own, module:Name, of modules in the present folder or installed; each is made without
    arguments, and says its state by get_state() and set_state(state) if it has any"""
    metric: tuple[str, ...] = ()
    """metrics to report beside those of the task: names of Keras, or module:Name"""

    def __post_init__(self):
        super().__post_init__()
        if self.freeze and self.weights is None:
            raise UsageError(f"freeze={' '.join(self.freeze)} would keep random weights; give weights to start from")
        if self.lora and self.weights is None:
            raise UsageError(f"lora={self.lora} would keep random weights; give weights to start from")
        if self.initialization and self.weights is not None:
            raise UsageError(f"initialization={self.initialization} would undo weights={self.weights}; leave one out")

    @property
    def job(self) -> Job:
        """What is to be done."""
        from keras_dl.training.job import Job

        return Job(
            network=self.network,
            task=self.task,
            loading={"name": self.data, "seed": self.seed, **self.loading},
            options=self,
            augment=self.augment,
            weights=self.weights,
            callbacks=self.callbacks,
            metrics=self.metric,
        )

    def run(self) -> dict:
        """Returns the scores on the test split, such as "test_accuracy", the counts, and the epochs trained."""
        folder, console, job = self.folder(), plain_console(), self.job
        config, data = job.adapted()
        for notice in data.notices:
            console.print(f"note: {notice}", markup=False)
        begun = job.begun(folder)
        counts = ", ".join(f"{count:,} {split}" for split, count in data.spec.counts.items())
        parameters = describe(config).parameters
        words = f"{config.family}: {parameters:,} parameters, {self.task.name}; {self.data}: {counts}"
        console.print(words, markup=False)
        if self.weights is not None and not begun:
            console.print(f"starting from {self.weights}", markup=False)
        trained = job.train(folder, config, data)
        if self.lora:
            adapters.save(trained.network, folder / "adapters.safetensors")
        scores = trained.evaluate(data.test)
        objective = self.task.objective
        result = {
            f"test_{objective.metric}": scores[objective.metric],
            **{f"test_{name}": value for name, value in scores.items()},
            "test_examples": len(data.test),
            "parameters": parameters,
            **({"trained_parameters": adapters.count(trained.network)} if self.lora else {}),
            "epochs": len(trained.rows),
            "best_epoch": trained.row["epoch"] + 1,
            "seconds": round(sum(row["seconds"] for row in trained.rows), 1),
        }
        labels = data.test.fingerprint["columns"].get("label")
        chosen = {name: self.loading[name] for name in ("target", "source", "split")}
        facts = {
            **result,
            "data": {"name": self.data, **{name: value for name, value in chosen.items() if value is not None}},
            "training": {"seed": self.seed, "validation": self.validation, "batch_size": self.batch_size},
            **({"test_labels": labels["sha256"]} if labels else {}),
        }
        trained.save(folder / "model", card=card(trained, result), facts=facts)
        storage.write_json(folder / "result.json", result)
        others = [f"{name} {value:.4f}" for name, value in scores.items() if name not in ("loss", objective.metric)]
        words = ", ".join([objective.shown(scores[objective.metric]), *others]).replace("_", " ")
        console.print(
            f"test {words} on {result['test_examples']:,} examples after {result['epochs']} epochs "
            f"({result['seconds']:.0f} s)"
        )
        console.print(f"model, curves and metrics are in {folder}", markup=False)
        return result
