"""The truth about a search: JSON lines that are only ever appended, each on disk before the search goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from keras_dl import storage
from keras_dl.errors import UsageError

RUNNING, COMPLETED, FAILED, OVER_BUDGET, INVALID = "running", "completed", "failed", "over_budget", "invalid"
HEADER, CHECKSUM = "header", "crc32"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate of a search, as a line of the ledger holds it.

    `status` is "running", then "completed" or "failed"; a candidate that is never trained is "over_budget", or
    "invalid" if no network can be built of it. `reason` says in words why a trial failed or was turned down.
    `latency` are milliseconds for one input, where they are part of the budget. `attempts` counts how often it was
    begun, those times apart when the whole search was cut off.
    """

    number: int
    status: str
    values: dict[str, Any]
    seed: int
    attempts: int = 1
    parameters: int | None = None
    latency: float | None = None
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

    Opening it for another search raises `UsageError` that names the first difference. Every line carries its checksum:
    one that does not hold is dropped, and `damage` says which. A last line cut off by a crash is no damage. If the
    first line is lost, `header` takes its place and `unvouched` is set: whether the trials are of that search is open.

    `trials` are by number, as the last whole line about each has them; a number may be missing.
    """

    def __init__(self, path: Path, header: dict[str, Any]):
        self._path = path
        self.trials: dict[int, Trial] = {}
        self.damage: str | None = None
        self.unvouched = False
        header = json.loads(json.dumps(header))
        whole, damaged = _whole_lines(path) if path.exists() else ([], [])
        headers = [row.pop(HEADER) for row in whole if HEADER in row]
        if headers and (difference := first_difference(headers[0], header)):
            raise UsageError(f"{path} is of a search with {difference}; choose another folder")
        for row in filter(None, whole):
            self.trials[row["number"]] = Trial(**row)
        if not headers:
            self.unvouched = path.exists()
            damaged = damaged or [1] * path.exists()
        if damaged:
            self.damage = f"{path} is damaged in line {', '.join(map(str, damaged))}; what is lost comes from the rest"
        if damaged or not headers:
            lines = [_checked({HEADER: header}), *(_checked(row) for row in whole if row)]
            storage.write(path, "".join(json.dumps(line) + "\n" for line in lines))

    def append(self, trial: Trial) -> None:
        """Write the new state of a trial to disk."""
        row = {key: value for key, value in dataclasses.asdict(trial).items() if value is not None}
        storage.append_line(self._path, _checked(row))
        self.trials[trial.number] = trial


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


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """`row` and its checksum."""
    return {**row, CHECKSUM: zlib.crc32(json.dumps(row).encode())}


def _whole_lines(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """The lines of `path` whose checksum holds, without it, and the numbers of the others."""
    whole, damaged = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            row = json.loads(line)
            if row.pop(CHECKSUM) != _checked(row)[CHECKSUM]:
                raise ValueError(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            damaged.append(number)
        else:
            whole.append(row)
    return whole, damaged


def first_difference(theirs: Any, ours: Any, name: str = "") -> str | None:
    """Words for the first entry in which two JSON values differ, or None."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            inner = f"{name}.{key}" if name else key
            if difference := first_difference(theirs.get(key), ours.get(key), inner):
                return difference
        return None
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(theirs, ours, strict=True), start=1)
        return next(filter(None, (first_difference(*pair, f"{name}[{n}]") for n, pair in pairs)), None)
    return None if theirs == ours else f"{name or 'header'}={theirs!r}, not {ours!r}"
