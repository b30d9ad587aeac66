"""The threads that read and decode examples: one for each core, for all sources."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable
from multiprocessing.pool import ThreadPool
from typing import Any

CHUNK = 16  # examples that a thread takes at once: taking them singly costs as much as opening their files


def in_threads(work: Callable, arguments: Iterable[tuple], count: int) -> list[Any]:
    """What `work` makes of each of the `count` tuples of `arguments`, in order. The first exception is raised."""
    return _of_process(os.getpid()).starmap(work, arguments, min(CHUNK, math.ceil(count / os.cpu_count())) or 1)


@functools.cache
def _of_process(_: int) -> ThreadPool:
    """The pool of a process: one that was forked has a pool of its own, the threads of its parent are not in it."""
    return ThreadPool(os.cpu_count())
