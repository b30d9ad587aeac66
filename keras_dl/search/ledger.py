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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate of a search, as a line of the ledger holds it.

    `status` is "running", then "completed" or "failed"; a candidate that is never trained is "over_budget", or
    "invalid" if no network can be built of it. `reason` says in words why a trial failed or is invalid.
    """

    number: int
    status: str
    values: dict[str, Any]
    seed: int
    parameters: int | None = None
    val_accuracy: float | None = None
    epochs: int | None = None
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

    Opening it for another search raises `UsageError` that names the first difference. A last line cut off by a crash
    is removed; any other line that cannot be read raises `UsageError` with its number.
    """

    def __init__(self, path: Path, header: dict[str, Any]):
        self._path = path
        self.trials: list[Trial] = []
        header = json.loads(json.dumps(header))
        if not path.exists():
            storage.write(path, json.dumps(header) + "\n")
            return
        _cut_off_torn_line(path)
        lines = path.read_bytes().splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                if number > 1:
                    self._accept(Trial(**row))
            except (ValueError, TypeError) as error:
                raise UsageError(f"{path} is damaged in line {number}: {error}; start anew in another folder") from None
            if number == 1 and (difference := _first_difference(row, header)):
                raise UsageError(f"{path} is of a search with {difference}; choose another folder")

    def append(self, trial: Trial) -> None:
        """Write the new state of a trial to disk."""
        row = {key: value for key, value in dataclasses.asdict(trial).items() if value is not None}
        storage.append_line(self._path, row)
        self._accept(trial)

    def _accept(self, trial: Trial) -> None:
        running = bool(self.trials) and self.trials[-1].status == RUNNING
        expected = len(self.trials) - running
        if trial.number != expected:
            raise ValueError(f"trial {trial.number} where trial {expected} is expected")
        self.trials[expected:] = [trial]


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep every other process out of the search in `folder`. Raises `UsageError` that names a process inside."""
    lock, holder = filelock.FileLock(folder / ".lock"), folder / ".holder"
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        raise UsageError(f"{folder} is in use by {who}; wait for it, or choose another folder") from None
    try:
        storage.write(holder, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _cut_off_torn_line(path: Path) -> None:
    with open(path, "rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)
        os.fsync(file.fileno())


def _first_difference(theirs: Any, ours: Any, name: str = "") -> str | None:
    """Words for the first entry in which two JSON values differ, or None."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            inner = f"{name}.{key}" if name else key
            if difference := _first_difference(theirs.get(key), ours.get(key), inner):
                return difference
        return None
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(theirs, ours, strict=True), start=1)
        return next(filter(None, (_first_difference(*pair, f"{name}[{n}]") for n, pair in pairs)), None)
    return None if theirs == ours else f"{name or 'header'}={theirs!r}, not {ours!r}"
