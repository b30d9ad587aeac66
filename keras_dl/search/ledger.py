"""The truth about a search: JSON lines that are only ever appended, each on disk before the search goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from keras_dl import storage
from keras_dl.errors import UsageError

RUNNING, COMPLETED, FAILED, OVER_BUDGET, INVALID = "running", "completed", "failed", "over_budget", "invalid"
HEADER, BUDGET, FROM = "header", "budget", "from"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate of a search, as a line of the ledger holds it.

    `status` is "running", then "completed" or "failed"; a candidate that is never trained is "over_budget", or
    "invalid" if no network can be built of it. `reason` says in words why a trial failed or was turned down.
    `latency` are milliseconds for one input, where they are part of the budget. `attempts` counts how often it was
    begun, those times apart when the whole search was cut off. Of the `epochs` trained `kept_epoch` is the one whose
    weights it kept, the first being 1; `score` is what these reach by the objective of the task on the validation
    split, and `weights_sha256` the hash of their file.
    """

    number: int
    status: str
    values: dict[str, Any]
    seed: int
    attempts: int = 1
    parameters: int | None = None
    latency: float | None = None
    score: float | None = None
    epochs: int | None = None
    kept_epoch: int | None = None
    weights_sha256: str | None = None
    seconds: float | None = None
    reason: str | None = None

    @property
    def rejected(self) -> bool:
        """Whether it was turned down before any training."""
        return self.status in (OVER_BUDGET, INVALID)

    @property
    def shown_values(self) -> str:
        """The values of the network's hyperparameters, for people to read."""
        values = {name: value for name, value in self.values.items() if not name.startswith("tuner/")}
        return ", ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items())


class Ledger:
    """The ledger at `path`: a first line that says what is searched and how, then a line per change of a trial.

    Opening it for another search raises `UsageError` that names the first difference. Every line carries its checksum:
    one that does not hold is dropped, and `damage` says which. A last line cut off by a crash is no damage. If the
    first line is lost, `header` takes its place and `unvouched` is set: whether the trials are of that search is open.

    `trials` are by number, as the last whole line about each has them; a number may be missing. A `budget` other than
    the last one gets a line: it is that of the trials from the next number on.
    """

    def __init__(self, path: Path, header: dict[str, Any], budget: dict[str, Any]):
        self._path = path
        self.trials: dict[int, Trial] = {}
        self.damage: str | None = None
        self.unvouched = False
        header, budget = json.loads(json.dumps([header, budget]))
        whole, damaged = storage.read_checked_lines(path)
        first = next((row for row in whole if HEADER in row), None)
        if first and "objective" in header and not isinstance(first[HEADER].get("objective"), dict):
            raise UsageError(
                f"{path} is of an earlier version, which searched by accuracy alone; choose another folder"
            )
        if first and (difference := storage.first_difference(first[HEADER], header)):
            raise UsageError(f"{path} is of a search with {difference}; choose another folder")
        self._budgets = [(row.get(FROM, 0), row[BUDGET]) for row in whole if BUDGET in row] or [(0, budget)]
        rows = [row for row in whole if HEADER not in row]
        for trial in (_trial(row, path) for row in rows if BUDGET not in row):
            self.trials[trial.number] = trial
        if first is None:
            self.unvouched = path.exists()
            damaged = damaged or [1] * path.exists()
            first = {HEADER: header, BUDGET: self._budgets[0][1]}
        if damaged:
            self.damage = f"{path} is damaged in line {', '.join(map(str, damaged))}; what is lost comes from the rest"
        if damaged or not path.exists():
            lines = [storage.checked_line(row) for row in (first, *rows)]
            storage.write(path, "".join(json.dumps(line) + "\n" for line in lines))
        if self._budgets[-1][1] != budget:
            self._budgets.append((max(self.trials, default=-1) + 1, budget))
            storage.append_checked_line(path, {BUDGET: budget, FROM: self._budgets[-1][0]})

    def budget(self, number: int) -> dict[str, Any]:
        """The limits of the networks that the trial `number` may have."""
        return next((budget for begins, budget in reversed(self._budgets) if begins <= number), self._budgets[0][1])

    def append(self, trial: Trial) -> None:
        """Write the new state of a trial to disk."""
        row = {key: value for key, value in dataclasses.asdict(trial).items() if value is not None}
        storage.append_checked_line(self._path, row)
        self.trials[trial.number] = trial


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep every other process out of the search in `folder`. Raises `UsageError` that names a process inside."""
    lock, holder = filelock.FileLock(folder / ".lock"), folder / ".holder"
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        who = holder.read_text(encoding="utf-8", errors="replace") if holder.exists() else "another process"
        raise UsageError(f"{folder} is in use by {who}; wait for it, or choose another folder") from None
    try:
        storage.write(holder, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def recorded(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header of the ledger at `path` and the last budget, as far as there is one and it is not lost."""
    whole, _damaged = storage.read_checked_lines(path)
    headers, budgets = ([row[key] for row in whole if key in row] for key in (HEADER, BUDGET))
    return (headers or [{}])[0], (budgets or [{}])[-1]


def _trial(row: dict[str, Any], path: Path) -> Trial:
    try:
        return Trial(**row)
    except TypeError as error:
        raise UsageError(f"{path} is of another version: {error}; choose another folder") from None
