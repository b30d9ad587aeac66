"""What kind of machine this is, and where keras_dl remembers what it learned about it."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import psutil

TELLING = ("model name", "flags", "CPU part", "Features")
WORKING = ("user", "nice", "system", "irq", "softirq", "steal")


def cache_folder() -> Path:
    """The folder of keras_dl under XDG_CACHE_HOME, by default ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keras_dl"


def processor() -> str:
    """The processor and its instruction sets, in words that differ where programs compiled for it may not run."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return "\n".join(sorted({line for line in lines if line.startswith(TELLING)}))
    return f"{platform.machine()} {platform.processor()}"


def cores() -> list[int]:
    """The processors that this process may use, by number."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


class Load:
    """What processors do from now on besides the work of this process and of others of ours.

    `ours` gives the seconds that processors have worked for the latter.
    """

    def __init__(self, ours: Callable[[], float]):
        self._ours = ours
        self._began = time.monotonic(), self._foreign()

    def others(self) -> float:
        """How many of `cores` were busy with other work, on average."""
        began, foreign = self._began
        return max(0.0, (self._foreign() - foreign) / (time.monotonic() - began))

    def _foreign(self) -> float:
        every = psutil.cpu_times(percpu=True)
        busy = (every[core] for core in cores() if core < len(every))
        working = sum(sum(getattr(times, kind, 0.0) for kind in WORKING) for times in busy)
        return working - sum(os.times()[:2]) - self._ours()
