"""A search from its settings to its last trial: ask, look at the size, train, write down, tell."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_dl.config import Config
from keras_dl.data.fingerprint import keep
from keras_dl.errors import UsageError
from keras_dl.learning.task import Task
from keras_dl.search import budget, space, worker
from keras_dl.search.child import DIED, ERRNO, FILE, STOP, write_result
from keras_dl.search.helper import Helper
from keras_dl.search.ledger import COMPLETED, FAILED, INVALID, RUNNING, Ledger, Trial, hold, recorded
from keras_dl.search.live import Watch
from keras_dl.search.oracle import EPOCHS, PARENT, Oracle
from keras_dl.search.pool import Pool, pool_for
from keras_dl.search.settings import Settings
from keras_dl.tasks import get_task
from keras_dl.training.job import Job

TRIALS = 10
MOST_REJECTIONS, MOST_TOO_SLOW = 1000, 100
"""in a row, of any kind and of those that had to be measured, until a search gives up"""
AHEAD = 2
"""trials for each of several workers, running or ended, that an oracle which learns need not know before it proposes"""


def search(
    config: Config,
    data_name: str,
    settings: Settings,
    folder: Path,
    *,
    task: Task | str | None = None,
    pool: Pool | None = None,
    **loading: Any,
) -> list[Trial]:
    """Train variations of `config`, adapted to the data, and return all trials in order, rejected ones included.

    They learn, and are judged, by `task`, by default that of `config`.

    `folder` receives ledger.jsonl, data.json and trials/<number>/. A search that is in it already goes on: no trial
    that has ended runs again, one that was cut off goes on from its last checkpoint, and the trials are the same as if
    it had never stopped, with as many threads each as at the beginning. What is damaged in the ledger is named and
    recovered from the rest. Every trial has a seed of its own, derived from `settings.seed`; those that Hyperband
    promotes keep the seed of their parent and continue its training. Another `settings.budget()` than before is that of
    the candidates to come. `loading` goes to `keras_dl.data.load`, and `pool` is where the trials run, by default what
    `settings.workers` and `settings.cluster` say.

    Raises `UsageError` for a folder that holds another search or is in use by another process, for data without
    validation examples or that have changed, when nothing in the space is within the budget, and after
    `settings.max_failures`; and `OSError` for a disk that is full or broken, with the trials left as they were.
    """
    task = get_task(task or config.task)
    loading = {"name": data_name, "seed": settings.seed, **loading}
    job = Job(network=config, task=task, loading=loading, options=settings.training())
    data = job.loaded()
    if not data.spec.counts.get("validation"):
        raise UsageError(f"{data_name} has no validation examples to compare trials by; hold some of its training out")
    config, _ = task.adapt(config, data)
    hyperparameters = space.hyperparameters(config, settings, task)
    network = {"family": config.family, **dataclasses.asdict(config)}
    network.pop("explored", None)  # of a HyperModel, whose space is told below
    header = {
        **{name: getattr(settings, name) for name in settings.decisive()},
        "network": network,
        "data": loading,
        "task": task.to_json(),
        "objective": {"metric": task.objective.metric, "direction": task.objective.direction},
        "hyperparameters": hyperparameters.get_config()["space"],
    }
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; a search needs a folder")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ledger.jsonl"
    with hold(folder), Helper() as helper:
        theirs, last_budget = recorded(path)
        if last_budget != settings.budget():
            budget.check_smallest(hyperparameters, config, settings, helper)
        missing = not path.exists() and (folder / "trials").exists()
        with pool or pool_for(settings, settings.trial_threads or theirs.get("threads")) as pool:
            if theirs.get("data", loading) == loading:  # else the ledger says what differs
                keep(data, folder)
            ledger = Ledger(path, {**header, "threads": pool.threads}, settings.budget())
            if missing:
                ledger.damage = f"{path} is missing; it comes anew from the folders of the trials"
            driver = _Driver(folder, dataclasses.replace(job, network=config), settings, ledger, pool, helper)
            driver.go_on(hyperparameters)
        return [ledger.trials[number] for number in sorted(ledger.trials)]


class _Driver:
    def __init__(self, folder, job, settings, ledger, pool, helper):
        self._folder: Path = folder
        self._job: Job = job
        self._settings: Settings = settings
        self._ledger: Ledger = ledger
        self._pool: Pool = pool
        self._helper: Helper = helper

    def go_on(self, hyperparameters) -> None:
        """Go through the trials that are known, then through new ones until the budget or the oracle is used up."""
        settings, trials, objective = self._settings, self._ledger.trials, self._job.task.objective
        most = settings.max_trials or (math.inf if settings.oracle == "hyperband" else TRIALS)
        oracle = Oracle(
            settings.oracle,
            hyperparameters,
            objective,
            seed=settings.seed,
            epochs=settings.epochs,
            ahead=1 if settings.workers == 1 else AHEAD * settings.workers,
            outcome=self._outcome,
        )
        known = max(trials, default=-1) + 1
        trained = 0
        planned = None if most == math.inf else most
        with Watch(trials, self._trial_folder, self._epochs, objective, planned) as self._watch:
            if self._ledger.damage:
                self._watch.say(self._ledger.damage)
            for number in itertools.count():
                if number >= known and trained >= most:
                    break
                while self._pool.running >= settings.workers:
                    self._receive()
                recorded = trials.get(number)
                values = oracle.ask(recorded.values if recorded and not self._ledger.unvouched else None)
                if recorded and recorded.values != values:
                    raise UsageError(f"trial {number} of the ledger is not one that this search would propose")
                if values is None:
                    self._watch.say("the oracle has nothing more to propose")
                    break
                trial = recorded or self._candidate(number, values)
                if not recorded:
                    self._ledger.append(trial)
                if trial.rejected:
                    oracle.reject(number)
                    self._check_rejections(number)
                    continue
                trained += 1
                if trial.status == RUNNING:
                    self._start(trial)
            while self._pool.running:
                self._receive()

    def _outcome(self, number: int) -> Trial:
        """The trial `number` at its end, which may have to come first."""
        while self._ledger.trials[number].status == RUNNING:
            self._receive()
        return self._ledger.trials[number]

    def _start(self, trial: Trial) -> None:
        folder = self._trial_folder(trial.number)
        self._order(trial).write(folder)
        self._pool.start(trial.number, folder)

    def _receive(self) -> None:
        """Wait for a result and write it down, or begin the trial again."""
        number, result = self._pool.wait()
        if STOP in result:
            raise _stopped(result)
        trial = self._ledger.trials[number]
        if result.pop(DIED, False):
            if trial.attempts <= self._settings.retries:
                self._watch.say(f"trial {number}: attempt {trial.attempts} {result['reason']}, it begins again")
                self._ledger.append(dataclasses.replace(trial, attempts=trial.attempts + 1))
                self._start(self._ledger.trials[number])
                return
            write_result(self._trial_folder(number), result)  # so that it lasts without the ledger too
        trial = dataclasses.replace(trial, **result)
        self._ledger.append(trial)
        score = self._job.task.objective.shown
        outcome = score(trial.score) if trial.status == COMPLETED else f"failed, {trial.reason}"
        self._watch.say(f"trial {number}: {outcome}  {trial.shown_values}, {trial.parameters:,} parameters")
        self._check_failures(trial)

    def _candidate(self, number: int, values: dict[str, Any]) -> Trial:
        """The trial `number` with these values: running, or rejected by its size or because it cannot be built."""
        parent = values.get(PARENT)
        trial = Trial(
            number=number,
            status=RUNNING,
            values=values,
            seed=self._seed(number) if parent is None else self._ledger.trials[int(parent)].seed,
        )
        try:
            candidate = space.apply(values, self._job.network, self._settings)
            return dataclasses.replace(trial, **budget.judge(candidate, self._ledger.budget(number), self._helper))
        except ValueError as error:
            return dataclasses.replace(trial, status=INVALID, reason=next(iter(str(error).splitlines()), ""))

    def _seed(self, number: int) -> int:
        return int(np.random.SeedSequence([self._settings.seed, number]).generate_state(1)[0] >> 1)

    def _order(self, trial: Trial) -> worker.Order:
        config, options, augment = space.apply(trial.values, self._job.network, self._settings)
        options = dataclasses.replace(options, seed=trial.seed, epochs=self._epochs(trial))
        parent = trial.values.get(PARENT)
        return worker.Order(
            job=dataclasses.replace(self._job, network=config, options=options, augment=augment),
            parent=None if parent is None else self._trial_folder(int(parent)),
            search=self._folder,
        )

    def _epochs(self, trial: Trial) -> int:
        return trial.values.get(EPOCHS, self._settings.epochs)

    def _trial_folder(self, number: int) -> Path:
        return self._folder / "trials" / f"{number:04d}"

    def _check_rejections(self, number: int) -> None:
        numbers = range(number, number - MOST_REJECTIONS, -1)
        before = (self._ledger.trials.get(n) for n in numbers)
        last = list(itertools.takewhile(lambda trial: trial is not None and trial.rejected, before))
        if sum(trial.latency is not None for trial in last) >= MOST_TOO_SLOW:
            raise UsageError(
                f"the last {MOST_TOO_SLOW:,} candidates that were measured were all too slow, the last took "
                f"{next(trial.reason for trial in last if trial.latency is not None)}"
            )
        if len(last) == MOST_REJECTIONS:
            raise UsageError(
                f"the last {MOST_REJECTIONS:,} candidates were all over the budget or could not be built, "
                f"the last for this reason: {last[0].reason}"
            )

    def _check_failures(self, trial: Trial) -> None:
        """Give up when so many trials in a row, by their numbers, have failed as the settings allow."""
        most = self._settings.max_failures
        ended = [self._ledger.trials[n] for n in sorted(self._ledger.trials)]
        last = [trial for trial in ended if trial.status in (COMPLETED, FAILED)][-(most or 0) :]
        if most is not None and len(last) == most and all(trial.status == FAILED for trial in last):
            raise UsageError(f"{most} trials in a row failed, trial {trial.number} for this reason: {trial.reason}")


def _stopped(result: dict[str, Any]) -> Exception:
    """What a trial said that cannot run, and no other can either."""
    if ERRNO not in result:
        return UsageError(result[STOP])
    return OSError(result[ERRNO], os.strerror(result[ERRNO]) if result[ERRNO] else result[STOP], result[FILE])
