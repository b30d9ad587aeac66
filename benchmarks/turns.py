"""Contenders in turns, each a process of its own that does its work once whenever a line comes.

A script calls `main`: `makers` gives by name what makes a contender's work, a function without arguments; where it
begins by `imported`, the memory that making and working take beyond that is told, too. In a round each works once while
the others wait; what was done while other processes took more than a twentieth of the processors is done again, up to
`TRIES` times.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import measured
import numpy as np

TRIES, OTHERS, WARM = 8, 0.05, 3
BASES: list[float] = []
"""the peak of memory, in MB, when this process had imported what it works with"""


def busy() -> float:
    """Seconds that all processors together have worked since the machine began."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK")  # those two stood still


def imported(*names: str) -> None:
    """Import the modules of a contender, and count its memory from here."""
    for name in names:
        importlib.import_module(name)
    BASES.append(measured.peak_mb())


def contend(make) -> None:
    """Work whenever a line comes, and say how many seconds it took and what share of the processors others had.

    The first line that comes back is the peak of memory, in MB, that making and working took, null if it is not known.
    """
    answers, sys.stdout = sys.stdout, sys.stderr
    work = make()
    for _ in range(WARM):
        work()
    print(json.dumps(measured.peak_mb() - BASES[0] if BASES else None), file=answers, flush=True)
    for _ in sys.stdin:
        before, own, began = busy(), time.process_time(), time.perf_counter()
        work()
        passed, own = time.perf_counter() - began, time.process_time() - own
        others = (busy() - before - own) / passed / len(os.sched_getaffinity(0))
        print(json.dumps([passed, others]), file=answers, flush=True)


class Contender:
    """The process of the contender `name` of the running script."""

    def __init__(self, name: str):
        words = [sys.executable, str(Path(sys.argv[0]).resolve()), "--contend", name]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name, self.seconds = name, []
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{name} does not start")
        self.memory = json.loads(line)

    def turn(self) -> None:
        for _ in range(TRIES):
            print(file=self.process.stdin, flush=True)
            seconds, others = json.loads(self.process.stdout.readline())
            if others < OTHERS:
                break
        self.seconds.append(seconds)

    def alike(self, other: Contender) -> bool:
        """Whether what stands before ": " in both names, what they do, is the same."""
        return self.name.rpartition(": ")[0] == other.name.rpartition(": ")[0]


def main(title: str, makers, baselines: list[str], usual: list[str], work: int = 1) -> None:
    """`script.py [ROUNDS] [CONTENDER...]`: record the seconds of each contender and their ratios to the `baselines`'.

    `work` is how many things are done in a turn, of which the page shows how many are done in a second.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if sys.argv[1:2] == ["--contend"]:
        contend(makers[sys.argv[2]])
        return
    contenders = [Contender(name) for name in sys.argv[2:] or usual]
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for _ in range(rounds):
        for contender in contenders:
            contender.turn()
    for one in contenders:
        others = [other for other in contenders if other.name in baselines and other is not one and one.alike(other)]
        ratios = {other.name: measured.quartiles([*np.divide(one.seconds, other.seconds)]) for other in others}
        row = {"seconds": measured.quartiles(one.seconds), "work": work, "rounds": rounds, "ratios": ratios}
        if one.memory is not None:
            row |= {"memory": one.memory, "memory ratios": {other.name: one.memory / other.memory for other in others}}
        print(json.dumps({"contender": one.name, **row}), flush=True)
        measured.record("turns", f"{title}: {one.name}", row)
        one.process.stdin.close()
        one.process.wait()
