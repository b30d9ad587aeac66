"""A search from its settings to its last trial: ask, look at the size, train, write down, tell."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from keras_dl.config import Config
from keras_dl.data import load
from keras_dl.describe import describe
from keras_dl.errors import UsageError
from keras_dl.search import space, worker
from keras_dl.search.ledger import COMPLETED, INVALID, OVER_BUDGET, RUNNING, Ledger, Trial, hold
from keras_dl.search.oracle import EPOCHS, OBJECTIVE, PARENT, Oracle
from keras_dl.search.settings import Settings

TRIALS = 10
MOST_REJECTIONS = 1000


def search(
    config: Config,
    data_name: str,
    settings: Settings,
    folder: Path,
    *,
    run_trial: Callable[[worker.Task], dict[str, Any]] = worker.run_trial,
    **loading: Any,
) -> list[Trial]:
    """Train variations of `config`, adapted to the data, and return all trials in order, rejected ones included.

    `folder` receives ledger.jsonl and trials/<number>/. A search that is in it already goes on: no trial that has
    ended runs again, one that was cut off goes on from its last checkpoint, and the trials are the same as if it had
    never stopped. Every trial has a seed of its own, derived from `settings.seed`; those that Hyperband promotes keep
    the seed of their parent and continue its training. `loading` goes to `keras_dl.data.load`, and `run_trial` is
    where the trials run.

    Raises `UsageError` for a folder that holds another search or is in use by another process, for data without
    validation examples, and when nothing in the space has at most `settings.max_parameters` parameters.
    """
    loading = {"name": data_name, "seed": settings.seed, **loading}
    spec = load(**loading).spec
    if not spec.counts.get("validation"):
        raise UsageError(f"{data_name} has no validation examples to compare trials by; hold some of its training out")
    config = config.for_data(spec)
    hyperparameters = space.hyperparameters(config, settings)
    header = {
        **{name: getattr(settings, name) for name in Settings.decisive()},
        "network": {"family": config.family, **dataclasses.asdict(config)},
        "data": loading,
        "objective": OBJECTIVE,
        "space": hyperparameters.get_config()["space"],
    }
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; a search needs a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder):
        driver = _Driver(
            folder=folder,
            config=config,
            settings=settings,
            loading=loading,
            run_trial=run_trial,
            ledger=Ledger(folder / "ledger.jsonl", header),
            oracle=Oracle(settings.oracle, hyperparameters, seed=settings.seed, epochs=settings.epochs),
        )
        driver.check_smallest(space.smallest(hyperparameters))
        driver.go_on()
        return driver.ledger.trials


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Driver:
    folder: Path
    config: Config
    settings: Settings
    loading: dict[str, Any]
    run_trial: Callable[[worker.Task], dict[str, Any]]
    ledger: Ledger
    oracle: Oracle

    def check_smallest(self, values: dict[str, Any]) -> None:
        smallest = self._candidate(values)
        if smallest.status == OVER_BUDGET:
            raise UsageError(
                f"nothing in this space has at most {self.settings.max_parameters:,} parameters; "
                f"its smallest network has {smallest.parameters:,}"
            )

    def go_on(self) -> None:
        """Bring the oracle to where the ledger ends, then run trials until the budget or the oracle is used up."""
        most = self.settings.max_trials or (math.inf if self.settings.oracle == "hyperband" else TRIALS)
        console, trials = Console(), self.ledger.trials
        with console.status(f"replaying {len(trials)} trials") as status:
            self.oracle.replay(trials)
            while True:
                if trials and trials[-1].status == RUNNING:
                    trial = trials[-1]
                elif sum(not trial.rejected for trial in trials) >= most:
                    return
                elif (values := self.oracle.ask()) is None:
                    console.print("the oracle has nothing more to propose")
                    return
                else:
                    trial = self._candidate(values)
                    self.ledger.append(trial)
                if trial.status == RUNNING:
                    shown = f"{trial.shown_values}, {trial.parameters:,} parameters"
                    status.update(f"trial {trial.number}: {shown}")
                    trial = dataclasses.replace(trial, **self.run_trial(self._task(trial)))
                    self.ledger.append(trial)
                    outcome = f"{trial.val_accuracy:.4f}" if trial.status == COMPLETED else f"failed, {trial.reason}"
                    console.print(f"trial {trial.number}: {outcome}  {shown}", markup=False, soft_wrap=True)
                self.oracle.tell(trial)
                self._check_rejections()

    def _candidate(self, values: dict[str, Any]) -> Trial:
        """The next trial with these values: running, or rejected by its size or because it cannot be built."""
        number, parent, most = len(self.ledger.trials), values.get(PARENT), self.settings.max_parameters
        trial = Trial(
            number=number,
            status=RUNNING,
            values=values,
            seed=self._seed(number) if parent is None else self.ledger.trials[int(parent)].seed,
        )
        try:
            parameters = describe(space.apply(values, self.config, self.settings.training())[0]).parameters
        except ValueError as error:
            return dataclasses.replace(trial, status=INVALID, reason=str(error).splitlines()[0])
        status = RUNNING if most is None or parameters <= most else OVER_BUDGET
        return dataclasses.replace(trial, parameters=parameters, status=status)

    def _seed(self, number: int) -> int:
        return int(np.random.SeedSequence([self.settings.seed, number]).generate_state(1)[0] >> 1)

    def _task(self, trial: Trial) -> worker.Task:
        config, options = space.apply(trial.values, self.config, self.settings.training())
        epochs, parent = trial.values.get(EPOCHS, options.epochs), trial.values.get(PARENT)
        return worker.Task(
            folder=self._trial_folder(trial.number),
            config=config,
            options=dataclasses.replace(options, seed=trial.seed, epochs=epochs),
            data=self.loading,
            parent=None if parent is None else self._trial_folder(int(parent)),
            timeout=self.settings.trial_timeout,
        )

    def _trial_folder(self, number: int) -> Path:
        return self.folder / "trials" / f"{number:04d}"

    def _check_rejections(self) -> None:
        last = self.ledger.trials[-MOST_REJECTIONS:]
        if len(last) == MOST_REJECTIONS and all(trial.rejected for trial in last):
            smallest = min((trial.parameters for trial in self.ledger.trials if trial.parameters), default=0)
            raise UsageError(
                f"the last {MOST_REJECTIONS:,} candidates were all over the budget or could not be built; the smallest "
                f"of all had {smallest:,} parameters, allowed are {self.settings.max_parameters:,}"
            )
