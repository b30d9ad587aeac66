"""Settings that are timed in turns, so that what else the machine does hits all alike."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import psutil

from keras_dl.training.load import Load

STARTING, MEASURING = 300, 90
"""seconds at most until all processes have compiled, and of turns, where those make `FEWEST` rounds in it"""
ROUNDS, FEWEST = 9, 5
HOPELESS = 1.5
"""what took so many times the default in each of two rounds or more gets no further turn"""

Setting = tuple[bool, str]
"""oneDNN, threads"""
Candidate = tuple[bool, str, bool]
"""oneDNN, threads, XLA"""


class Failed(Exception):
    """A process has ended, or does not answer in time."""


class Contender:
    """A process of `measure` with the variables `environment`, ready to time steps of what `request` describes."""

    def __init__(self, request: dict[str, Any], environment: Mapping[str, str]):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keras_dl.training.measure"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        with contextlib.suppress(Failed):  # which its answer will be
            self._ask(request)

    def compiled(self, seconds: float) -> list[bool]:
        """Which of XLA off and on it can time. Raises `Failed` unless it says so in so many `seconds`."""
        return self._answer(seconds)

    def turn(self, xla: bool, seconds: float) -> float:
        """The median seconds of some steps. Raises `Failed` unless they come in so many `seconds`."""
        self._ask(xla)
        return self._answer(seconds)

    def work(self) -> float:
        """The seconds that processors have worked for it."""
        with contextlib.suppress(psutil.Error):
            return sum(psutil.Process(self._process.pid).cpu_times()[:2])
        return 0.0

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _read(self) -> None:
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def _ask(self, question: Any) -> None:
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Failed from None

    def _answer(self, seconds: float) -> Any:
        try:
            return json.loads(self._lines.get(timeout=max(0, seconds)))
        except (queue.Empty, ValueError):
            self._process.kill()
            raise Failed from None


def timed(
    request: dict[str, Any], environments: Mapping[Setting, Mapping[str, str]], default: Candidate
) -> tuple[dict[Candidate, list[float]], float]:
    """Seconds of a step of each candidate, one figure a round, and how many processors were busy with other work.

    Each of `environments` has a process, and each round begins with another candidate. A process that fails is left
    out, and so is a candidate that is hopeless against `default`; without that there is nothing.
    """
    with contextlib.ExitStack() as stack:
        contenders = {}
        for setting, environment in environments.items():
            contenders[setting] = stack.enter_context(contextlib.closing(Contender(request, environment)))
        deadline = time.monotonic() + STARTING
        alive: list[Candidate] = []
        for setting, contender in contenders.items():
            with contextlib.suppress(Failed):
                alive += [(*setting, xla) for xla in contender.compiled(deadline - time.monotonic())]
        load = Load(lambda: sum(contender.work() for contender in contenders.values()))
        deadline = time.monotonic() + MEASURING
        rounds: list[dict[Candidate, float]] = []
        while len(rounds) < FEWEST or (len(rounds) < ROUNDS and time.monotonic() < deadline):
            rounds.append({})
            first = len(rounds) % max(1, len(alive))
            for candidate in alive[first:] + alive[:first]:
                with contextlib.suppress(Failed):
                    rounds[-1][candidate] = contenders[candidate[:2]].turn(candidate[2], MEASURING)
            if default not in rounds[-1]:
                return {}, load.others()
            alive = [
                candidate
                for candidate in alive
                if candidate in rounds[-1] and not _hopeless(candidate, rounds, default)
            ]
        return {candidate: [found[candidate] for found in rounds] for candidate in alive}, load.others()


def _hopeless(candidate: Candidate, rounds: list[dict[Candidate, float]], default: Candidate) -> bool:
    return len(rounds) > 1 and all(found[candidate] > HOPELESS * found[default] for found in rounds)
