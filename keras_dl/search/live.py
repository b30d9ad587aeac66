"""What a search shows while it runs: a table on a terminal, a line per finished trial anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from keras_dl.console import plain_console
from keras_dl.learning.objective import Objective
from keras_dl.search.ledger import COMPLETED, RUNNING, Trial
from keras_dl.search.metrics import whole_rows

REFRESHES = 2
"""a second"""
NOTHING = "-"


class Watch:
    """Within it, the running trials are shown with their epochs, score and the time that they still need.

    `trials` by number may change meanwhile. `folder(number)` is where a trial writes its metrics.jsonl, `epochs(trial)`
    how many it gets, `planned` how many are to be trained, where that is known; `objective` is what they are judged by.
    """

    def __init__(
        self,
        trials: Mapping[int, Trial],
        folder: Callable[[int], Path],
        epochs: Callable[[Trial], int],
        objective: Objective,
        planned: int | None = None,
    ):
        self._trials, self._folder, self._epochs, self._planned = trials, folder, epochs, planned
        self._objective = objective
        self._console = plain_console()
        self._live = Live(
            get_renderable=self.table, console=self._console, refresh_per_second=REFRESHES, transient=True
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._live.stop()

    def say(self, message: str) -> None:
        """Print a line above the table."""
        self._console.print(message, soft_wrap=True)

    def table(self) -> Group:
        """The running trials and where the search stands, now."""
        table = Table("trial", "epoch", self._objective.words, "time left", "parameters", box=None, header_style="bold")
        for column in table.columns:
            column.justify, column.no_wrap = "right", True
        table.add_column("values", overflow="fold")
        trials, key = list(self._trials.values()), self._objective.key
        pace, left = _pace(trials), []
        for trial in trials:
            if trial.status != RUNNING:
                continue
            rows, epochs = whole_rows(self._folder(trial.number), key), self._epochs(trial)
            own = sum(row["seconds"] for row in rows) / len(rows) if rows else pace
            seconds = None if own is None else own * (epochs - len(rows))
            left.append(seconds)
            score = f"{rows[-1][key]:.4f}" if rows else NOTHING
            done = f"{len(rows)} of {epochs}"
            size = f"{trial.parameters:,}"
            table.add_row(str(trial.number), done, score, _clock(seconds), size, Text(trial.shown_values))
        return Group(table, Text(self._summary(trials, left), style="dim"))

    def _summary(self, trials: list[Trial], left: list[float | None]) -> str:
        completed = [trial for trial in trials if trial.status == COMPLETED]
        rejected = sum(trial.rejected for trial in trials)
        done = len(trials) - rejected - len(left)
        of = f" of {self._planned}" if self._planned else ""
        parts = [f"{done}{of} trials done", f"{rejected} turned down"]
        if completed:
            best = min(completed, key=lambda trial: self._objective.rank(trial.score))
            parts.append(f"best {best.score:.4f} (trial {best.number}, {best.parameters:,} parameters)")
            if self._planned and left and None not in left:
                waiting = max(0, self._planned - done - len(left))
                mean = sum(trial.seconds for trial in completed) / len(completed)
                parts.append(f"about {_clock((sum(left) + waiting * mean) / len(left))} left")
        return ", ".join(parts)


def _pace(trials: list[Trial]) -> float | None:
    """Seconds of an epoch in the trials that ended."""
    completed = [trial for trial in trials if trial.status == COMPLETED]
    epochs = sum(trial.epochs for trial in completed)
    return sum(trial.seconds for trial in completed) / epochs if epochs else None


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
