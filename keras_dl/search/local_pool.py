"""Trials in processes of this machine."""

from __future__ import annotations

import os
import time
from collections import Counter
from multiprocessing import connection
from pathlib import Path
from typing import Any, Self

from keras_dl.search.child import DIED, Child, Limits
from keras_dl.search.ledger import FAILED

SECONDS_TO_SAVE = 30
SECONDS_BETWEEN_LOOKS = 0.5
LOSSES = 20
"""after so many losses of the fork server a trial has failed"""


class LocalPool:
    """Runs `function`, named as for `Child`, on folders, each in a process of its own, all at once.

    A context: whatever ends it lets the trials that are running save and end. A trial that is lost with the fork server
    is started anew and goes on from its last checkpoint; that is no attempt of the trial.
    """

    def __init__(self, function: str, limits: Limits):
        self._function, self._limits = function, limits
        self._children: dict[int, Child] = {}
        self._folders: dict[int, Path] = {}
        self._losses: Counter[int] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        for child in self._children.values():
            child.interrupt()
        last = time.monotonic() + SECONDS_TO_SAVE
        for child in self._children.values():
            child.end(max(0.0, last - time.monotonic()))

    @property
    def threads(self) -> int | None:
        """The threads of each trial; None for as many as TensorFlow takes."""
        return self._limits.threads

    @property
    def running(self) -> int:
        """How many trials were started whose result was not fetched."""
        return len(self._children)

    def start(self, number: int, folder: Path) -> None:
        """Begin the trial `number`, whose order is in `folder`, or go on with it."""
        self._folders[number] = folder
        self._children[number] = Child(self._function, folder, self._limits)

    def wait(self) -> tuple[int, dict[str, Any]]:
        """The number and the result of the next trial that ends."""
        while True:
            for child in self._children.values():
                child.watch()
            by_sentinel = {child.sentinel: number for number, child in self._children.items()}
            for sentinel in connection.wait(list(by_sentinel), SECONDS_BETWEEN_LOOKS):
                number = by_sentinel[sentinel]
                result = self._children.pop(number).result()
                if result is not None:
                    return number, result
                self._losses[number] += 1
                if self._losses[number] > LOSSES:
                    reason = f"its fork server ended {LOSSES + 1} times"
                    return number, {"status": FAILED, "reason": reason, DIED: True}
                self.start(number, self._folders[number])
                break


def threads_for(workers: int) -> int:
    """The threads for each of so many trials at once on this machine."""
    return max(1, len(os.sched_getaffinity(0)) // workers)
