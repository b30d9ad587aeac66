"""How much memory there is: what does not fit is read from its files, or refused before it is read."""

from __future__ import annotations

import math
import resource
from pathlib import Path

import psutil

from keras_dl.errors import UsageError

COPIES = 2  # the arrays, and either what a split takes of them or what TensorFlow holds
SHARE = 0.5
"""of the memory that there is, what examples may take of it: the same on a machine, however busy it is"""
FEW = 32
"""examples that are read at once where they do not fit"""
CGROUP = Path("/sys/fs/cgroup/memory.max")
"""where a container says how much memory it may use"""


def fits(examples: int, shape: tuple[int, ...], bytes_per_value: int) -> bool:
    """Whether `examples` inputs of `shape` can be held in memory."""
    size = examples * math.prod(shape) * bytes_per_value
    return size <= SHARE * _limit() and COPIES * size <= psutil.virtual_memory().available


def check_fits(name: str, examples: int, shape: tuple[int, ...], bytes_per_value: int) -> None:
    """Raise `UsageError` if `examples` inputs of `shape` take more memory than is free."""
    needed = COPIES * examples * math.prod(shape) * bytes_per_value
    free = psutil.virtual_memory().available
    if needed > free:
        advice = "use a smaller image_size" if len(shape) == 3 else "use fewer examples"
        raise UsageError(
            f"{name} needs {needed / 1e9:,.1f} GB of memory for {examples:,} examples of {shape}, "
            f"{free / 1e9:.1f} GB are free; {advice}"
        )


def _limit() -> float:
    """The bytes that this process may have."""
    limits = [psutil.virtual_memory().total]
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            limits.append(soft)
    if CGROUP.is_file() and (words := CGROUP.read_text().strip()).isdecimal():
        limits.append(int(words))
    return min(limits)
