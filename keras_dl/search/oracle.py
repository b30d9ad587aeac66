"""KerasTuner's oracles as brains only: they propose and learn, and remember nothing that the ledger does not say.

Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 18, 2018; Snoek, Larochelle
& Adams, "Practical Bayesian optimization of machine learning algorithms", NIPS 2012, arXiv:1206.2944; Bergstra &
Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from keras_dl.errors import UsageError
from keras_dl.search.ledger import COMPLETED, RUNNING, Trial
from keras_dl.search.settings import FACTOR
from keras_dl.search.space import keras_tuner

OBJECTIVE = "val_accuracy"
PARENT, EPOCHS = "tuner/trial_id", "tuner/epochs"


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


class _Hyperband(_InMemory, keras_tuner.oracles.HyperbandOracle):
    def withdraw(self, trial_id: str) -> None:
        """Free the place of a trial in its bracket, so that another one is drawn for it."""
        for bracket in self._brackets:
            first = bracket["rounds"][0]
            first[:] = [entry for entry in first if entry["id"] != trial_id]


class Oracle:
    """Proposes the values of one trial after another and learns from what became of them.

    `kind` is as in `Settings.oracle`. Proposals are a function of the space, `seed`, `epochs` and the trials told, so
    an oracle that was told the lines of a ledger continues where the last one stopped.

    A trial that failed counts as one with accuracy 0. A rejected candidate is no trial: random and grid search just
    go on, Hyperband draws another for its place, and the Gaussian process, once it has a result to compare with, is
    told accuracy 0, so that it leaves that region.
    """

    def __init__(self, kind: str, space: keras_tuner.HyperParameters, *, seed: int, epochs: int):
        arguments: dict[str, Any] = {
            "objective": keras_tuner.Objective(OBJECTIVE, "max"),
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

    def ask(self) -> dict[str, Any] | None:
        """The values of the next trial, or None when there is nothing more to propose.

        Hyperband adds "tuner/epochs", the epochs to reach, and for a promoted trial "tuner/trial_id", its parent.
        """
        trial = self._brain.create_trial("search")
        if trial.status != "RUNNING":
            return None
        for name in self._integers & trial.hyperparameters.values.keys():
            trial.hyperparameters.values[name] = int(trial.hyperparameters.values[name])
        return dict(trial.hyperparameters.values)

    def tell(self, trial: Trial) -> None:
        """Learn what became of the trial that was asked for last."""
        asked = self._brain.ongoing_trials["search"]
        asked.hyperparameters.values = dict(trial.values)
        score = self._score(trial)
        if score is None:
            asked.status = "FAILED"
        else:
            self._brain.update_trial(asked.trial_id, {OBJECTIVE: score})
            asked.status = "COMPLETED"
        self._brain.end_trial(asked)
        if trial.rejected and isinstance(self._brain, _Hyperband):
            self._brain.withdraw(asked.trial_id)

    def replay(self, trials: list[Trial]) -> None:
        """Learn the trials of a ledger, in its order; the last may still be running."""
        for trial in trials:
            self._brain.recorded = trial.values
            if self.ask() is None:
                raise UsageError(f"trial {trial.number} of the ledger is not one that this version would propose")
            if trial.status != RUNNING:
                self.tell(trial)
        self._brain.recorded = None

    def _score(self, trial: Trial) -> float | None:
        if trial.status == COMPLETED:
            return trial.val_accuracy
        if not trial.rejected:
            return 0.0
        scored = any(told.score is not None for told in self._brain.trials.values())
        return 0.0 if scored and isinstance(self._brain, _Bayesian) else None
