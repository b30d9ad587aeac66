"""How a search is run, apart from the network that it varies and the data."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Literal

from keras_dl.errors import UsageError
from keras_dl.fields import Count, Positive
from keras_dl.training import Options

FACTOR = 3
"""Hyperband keeps one of so many trials and gives it so many times the epochs"""


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
    tune_learning_rate: bool = True
    """vary the learning rate too, between 1e-4 and 1e-1"""
    trial_timeout: Positive | None = None
    """seconds after which a trial has failed"""

    def __post_init__(self):
        super().__post_init__()
        if self.oracle == "hyperband":
            if self.epochs < FACTOR:
                raise UsageError(f"hyperband needs epochs to be at least {FACTOR}, got {self.epochs}")
            if self.schedule != "constant" or self.patience is not None:
                raise UsageError("hyperband prolongs trials, so it needs schedule=constant and no patience")
        for package in ("tensorboard", "sklearn", "scipy"):
            if importlib.util.find_spec(package) is None:
                raise UsageError(f"a search needs {package}, which is missing; `pip install keras-dl` brings it")

    @staticmethod
    def decisive() -> list[str]:
        """The settings that decide what the trials are; the others only say how long a search goes on."""
        names = (field.name for field in dataclasses.fields(Settings))
        return [name for name in names if name not in ("max_trials", "trial_timeout")]

    def training(self) -> Options:
        """The options of training alone."""
        return Options(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Options)})
