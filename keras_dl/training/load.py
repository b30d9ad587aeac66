"""How busy the machine is with the work of others, which makes figures unfit to be remembered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import psutil

from keras_dl.lazy.machine import cores

WORKING = ("user", "nice", "system", "irq", "softirq", "steal")


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
