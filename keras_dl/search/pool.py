"""Where trials run: what a search asks of it, and which one the settings choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, Self

from keras_dl.search.child import Limits
from keras_dl.search.local_pool import LocalPool, threads_for
from keras_dl.search.ray_pool import RayPool
from keras_dl.search.server import TRAIN
from keras_dl.search.settings import Settings


class Pool(Protocol):
    """Where trials run; entered by the search, and told by its exit to let the trials that are running save and end."""

    running: int
    """how many were started whose result was not fetched"""
    threads: int | None
    """with how many threads each trial computes, known once it is entered"""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception) -> None: ...

    def start(self, number: int, folder: Path) -> None:
        """Begin the trial `number`, whose order is in `folder`, or go on with it."""

    def wait(self) -> tuple[int, dict[str, Any]]:
        """The number and the result of the next trial that ends.

        The result is "status": "completed" with "score", "epochs" and "seconds", or "failed" with "reason", and
        "died" if that came from outside the trial; or "stop" if no trial can run.
        """


def pool_for(settings: Settings, threads: int | None) -> Pool:
    """Processes of this machine, or of `settings.cluster`; each with `threads`, by default its share of the machine."""
    if threads is None and settings.cluster is None:
        threads = threads_for(settings.workers)
    limits = Limits(seconds=settings.trial_timeout, megabytes=settings.trial_memory, threads=threads)
    if settings.cluster is None:
        return LocalPool(TRAIN, limits)
    several = settings.strategy is not None
    return RayPool(TRAIN, limits, settings.cluster, settings.workers, several_gpus=several)
