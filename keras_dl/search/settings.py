"""How a search is run, apart from the network that it varies and the data."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Annotated, Literal

from keras_dl.errors import UsageError
from keras_dl.fields import Count, Positive, at_least
from keras_dl.training import Options

FACTOR = 3
"""Hyperband keeps one of so many trials and gives it so many times the epochs"""

INDECISIVE = ("max_trials", "max_failures", "trial_timeout", "trial_memory", "retries", "workers", "cluster")
"""these say how a search runs, and how long"""
BUDGET = ("max_parameters", "max_multiply_adds", "max_memory", "max_latency")
"""these say which candidates are trained, from the moment on when they are set"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Options):
    """The settings of a search and the options of its trials; `seed` decides the proposals and the trials' seeds.

    Raises `UsageError` for what makes no search, and when a package that a search needs is not installed.
    """

    oracle: Literal["random", "bayesian", "hyperband", "grid"] = "random"
    """who proposes the next network; with hyperband, `epochs` is the most that one trial gets"""
    max_trials: Count | None = None
    """networks to train, failed ones included; default 10, for hyperband as many as it wants"""
    max_parameters: Count | None = None
    """networks with more parameters are turned down untrained"""
    max_multiply_adds: Count | None = None
    """networks that need more multiply-adds for one input are turned down untrained"""
    max_memory: Positive | None = None
    """networks whose training step needs more megabytes are turned down untrained: weights, gradients, the state of
    the optimizer and the activations of a batch"""
    max_latency: Positive | None = None
    """networks that take more milliseconds for one input, measured, are turned down untrained"""
    space: Literal["scales", "compound", "tinynet"] = "scales"
    """what varies the size: every width and depth by itself; one coefficient for resolution, depth and width as in
    EfficientNet; or a share of the multiply-adds, as in TinyNet"""
    tune_size: bool = True
    """vary the size of the network"""
    tune_learning_rate: bool = True
    """vary the learning rate, between 1e-4 and 1e-1"""
    tune_batch_size: bool = False
    """vary the batch size, in powers of two around the present one"""
    tune_regularization: bool = False
    """vary weight decay, label smoothing, dropout of the inputs and the network's own rates"""
    tune_augmentation: bool = False
    """vary the augmentation of pictures: none or one kind"""
    trial_timeout: Positive | None = None
    """seconds after which a trial has failed"""
    trial_memory: Count | None = None
    """megabytes of memory, TensorFlow's own included (about 500), beyond which a trial has failed"""
    trial_threads: Count | None = None
    """threads that each trial computes with, which decide the last bits of its result: a search keeps those that it
    began with, whatever its workers are later; default the processors of this machine, shared among the workers"""
    retries: Annotated[int, at_least(0)] = 0
    """how often a trial whose process died, by a signal or a limit, goes on from its last checkpoint"""
    max_failures: Count | None = None
    """the search ends when so many trials in a row have failed; by default it goes on"""
    workers: Count = 1
    """trials that run at once"""
    cluster: str | None = None
    """run the trials on a Ray cluster: auto for the one of this machine, or its address, such as 10.0.0.1:6379; the
    run folder must be on a file system that all its machines share"""

    def __post_init__(self):
        super().__post_init__()
        if self.lora:
            raise UsageError(f"lora={self.lora} would keep random weights; every trial begins anew")
        if self.freeze:
            raise UsageError(f"freeze={' '.join(self.freeze)} would keep random weights; every trial begins anew")
        if self.oracle == "hyperband":
            if self.epochs < FACTOR:
                raise UsageError(f"hyperband needs epochs to be at least {FACTOR}, got {self.epochs}")
            if self.schedule != "constant" or self.patience is not None:
                raise UsageError("hyperband prolongs trials, so it needs schedule=constant and no patience")
        for package in ("tensorboard", "sklearn", "scipy"):
            if importlib.util.find_spec(package) is None:
                raise UsageError(f"a search needs {package}, which is missing; `pip install keras-dl` brings it")
        if self.cluster is not None and importlib.util.find_spec("ray") is None:
            raise UsageError("a cluster needs ray, which is missing; `pip install keras-dl[distributed]` brings it")

    def decisive(self) -> list[str]:
        """The settings that decide what the trials are, the budget and the threads apart."""
        others = (*INDECISIVE, *BUDGET, "trial_threads")
        names = [field.name for field in dataclasses.fields(Settings) if field.name not in others]
        return [*names, "workers"] if self.oracle in ("bayesian", "hyperband") else names

    def budget(self) -> dict[str, float | None]:
        """What a network may cost."""
        return {name: getattr(self, name) for name in BUDGET}

    def training(self) -> Options:
        """The options of training alone."""
        return Options(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Options)})
