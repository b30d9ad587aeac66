"""KerasTuner's oracles as brains only: they propose and learn, and remember nothing that the ledger does not say.

Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 18, 2018; Snoek, Larochelle
& Adams, "Practical Bayesian optimization of machine learning algorithms", NIPS 2012, arXiv:1206.2944; Bergstra &
Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from keras_dl.learning.objective import Objective
from keras_dl.search.ledger import COMPLETED, Trial
from keras_dl.search.settings import FACTOR
from keras_dl.search.space import keras_tuner

PARENT, EPOCHS = "tuner/trial_id", "tuner/epochs"
LEARNING = ("bayesian", "hyperband")
"""the oracles whose proposals depend on results"""


class _InMemory:
    """Keeps an oracle of KerasTuner from writing files."""

    def save(self):
        pass

    def _save_trial(self, trial):
        pass


class _Random(_InMemory, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Grid(_InMemory, keras_tuner.oracles.GridSearchOracle):
    pass


class _Bayesian(_InMemory, keras_tuner.oracles.BayesianOptimizationOracle):
    """Proposes by the seed, the trial's number and what was told, so that a replay need not fit a process per trial.

    Draws at random where the Gaussian process would propose what was proposed before.
    """

    recorded: dict[str, Any] | None = None
    """values to propose next, whatever they are"""

    def populate_space(self, trial_id):
        if self.recorded is not None:
            return {"status": "RUNNING", "values": dict(self.recorded)}
        self._random_state = np.random.RandomState([self.seed, len(self.trials)])
        self._seed_state = self.seed + 1_000_000 * len(self.trials)
        with threadpool_limits(1):  # so that the last bits do not depend on the number of cores
            response = super().populate_space(trial_id)
        known = response["values"] is not None and self._duplicate(response["values"])
        return self._random_populate_space() if known else response

    def _vectorize_trials(self):
        """The trials as points; those whose results are open get what a process fitted to all others expects."""
        everything, ongoing = self.trials, self.ongoing_trials
        if ongoing:
            self.trials = {key: trial for key, trial in everything.items() if trial.status != "RUNNING"}
            self.ongoing_trials = {}
            self.gpr.fit(*super()._vectorize_trials())
            self.trials, self.ongoing_trials = everything, ongoing
        return super()._vectorize_trials()


class _Hyperband(_InMemory, keras_tuner.oracles.HyperbandOracle):
    def withdraw(self, trial_id: str) -> None:
        """Free the place of a trial in its bracket, so that another one is drawn for it."""
        for bracket in self._brackets:
            first = bracket["rounds"][0]
            first[:] = [entry for entry in first if entry["id"] != trial_id]


class Oracle:
    """Proposes the values of one trial after another and learns from what became of them.

    `kind` is as in `Settings.oracle`. Random and grid search need no results. The others are never more than `ahead`
    trials ahead of what they know, and learn the results in the order of the trials' numbers, by calling
    `outcome(number)`, which waits for the end of that trial. So the proposals are a function of the space, `seed`,
    `epochs`, `ahead` and the results, whenever those come, and an oracle that is asked anew for the trials of a ledger
    goes on where the last one stopped.

    The scores are those of `objective`. A trial that failed counts as its worst value; where there is none, as worse
    than all others for Hyperband, which ranks only, and as the worst known so far for the Gaussian process. A rejected
    candidate is no trial: random and grid search just go on, Hyperband draws another for its place, and the Gaussian
    process, once it has a result to compare with, is told that it failed, so that it leaves that region.
    """

    def __init__(
        self,
        kind: str,
        space: keras_tuner.HyperParameters,
        objective: Objective,
        *,
        seed: int,
        epochs: int,
        outcome: Callable[[int], Trial],
        ahead: int = 1,
    ):
        arguments: dict[str, Any] = {
            "objective": keras_tuner.Objective(objective.key, objective.direction),
            "hyperparameters": space,
            "seed": seed + 1,  # KerasTuner takes 0 for "any seed"
            "max_consecutive_failed_trials": sys.maxsize,
        }
        match kind:
            case "random":
                self._brain = _Random(**arguments, max_trials=None)
            case "bayesian":
                self._brain = _Bayesian(**arguments, max_trials=None)
            case "grid":
                self._brain = _Grid(**arguments, max_trials=None)
            case "hyperband":
                self._brain = _Hyperband(**arguments, max_epochs=epochs, factor=FACTOR)
        self._brain.verbose = 0
        self._integers = {p.name for p in space.space if isinstance(p, keras_tuner.engine.hyperparameters.Int)}
        self._learns = kind in LEARNING
        self._objective, self._ahead, self._outcome = objective, ahead, outcome
        self._open: list[int] = []

    def ask(self, recorded: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The values of the next trial, or None when there is nothing more to propose.

        Hyperband adds "tuner/epochs", the epochs to reach, and for a promoted trial "tuner/trial_id", its parent. Where
        a proposal takes long, `recorded` values are taken for it.
        """
        number = len(self._brain.trials)
        while len(self._open) >= self._ahead:
            self._learn()
        self._brain.recorded = recorded
        while (asked := self._brain.create_trial(str(number))).status == "IDLE":
            self._learn()
        if asked.status != "RUNNING":
            return None
        values = asked.hyperparameters.values
        for name in self._integers & values.keys():
            values[name] = int(values[name])
        if self._learns:
            self._open.append(number)
        else:
            self._end(number, None)
        return dict(values)

    def reject(self, number: int) -> None:
        """Learn at once that the trial asked for last will not be trained."""
        if not self._learns:
            return
        self._open.remove(number)
        self._end(number, self._failure() if self._told() and isinstance(self._brain, _Bayesian) else None)
        if isinstance(self._brain, _Hyperband):
            self._brain.withdraw(self._brain.start_order[number])

    def _learn(self) -> None:
        """Wait for the open trial with the lowest number and learn its result."""
        number = self._open.pop(0)
        trial = self._outcome(number)
        self._end(number, trial.score if trial.status == COMPLETED else self._failure())

    def _told(self) -> list[float]:
        """The scores that it knows."""
        return [trial.score for trial in self._brain.trials.values() if trial.score is not None]

    def _failure(self) -> float | None:
        """What a trial that failed counts as; None where nothing can be said yet."""
        objective = self._objective
        if objective.worst is not None:
            return objective.worst
        if isinstance(self._brain, _Hyperband):
            return -math.inf if objective.direction == "max" else math.inf
        return max(self._told(), key=objective.rank, default=None)

    def _end(self, number: int, score: float | None) -> None:
        asked = self._brain.ongoing_trials[str(number)]
        if score is None:
            asked.status = "FAILED"
        else:
            self._brain.update_trial(asked.trial_id, {self._objective.key: score})
            asked.status = "COMPLETED"
        self._brain.end_trial(asked)
