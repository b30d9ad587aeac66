"""One trial in a process of its own: whatever becomes of it, the search hears of it in words and goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import multiprocessing
import os
import pkgutil
import signal
import threading
import time
import traceback
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import filelock
import psutil

from keras_dl import storage
from keras_dl.search.ledger import FAILED
from keras_dl.training.interrupt import Interrupted

RESULT, LOG = "result.json", "log.txt"
TRAIN = "keras_dl.search.worker:train"
"""what a trial of a search does"""
GPUS = "CUDA_VISIBLE_DEVICES"
"""set by Ray for each task"""
DIED = "died"
"""in a result: the process of the trial came to its end before it had one; another attempt may go better"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What one trial may use: `seconds`, `megabytes` of resident memory, and `threads` in each pool of TensorFlow."""

    seconds: float | None = None
    megabytes: int | None = None
    threads: int | None = None


class Child:
    """Runs `function`, such as "package.module:name", on `folder` in a child of a fork server that knows its module.

    The function returns a result with "val_accuracy". An exception, a signal, a figure that is not finite or a passed
    limit make one with status "failed" and a "reason". What it prints goes to log.txt in `folder`. A folder with a
    result is left as it is. The GPUs of the child are those of this process now, not when the server began.
    """

    def __init__(self, function: str, folder: Path, limits: Limits):
        self._folder, self._limits = folder, limits
        self._passed: str | None = None
        context = start_server(function)
        arguments = (function, folder.resolve(), limits.threads, os.environ.get(GPUS))
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        self._began = time.monotonic()
        self.sentinel = self._process.sentinel

    def watch(self) -> None:
        """Kill the child if it has passed a limit."""
        seconds, megabytes = self._limits.seconds, self._limits.megabytes
        if seconds is not None and time.monotonic() - self._began > seconds:
            self._passed = f"took longer than {seconds:g} seconds"
        elif megabytes is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                used = psutil.Process(self._process.pid).memory_info().rss / 1e6
                if used > megabytes:
                    self._passed = f"used {used:,.0f} MB of memory, over {megabytes:,}"
        if self._passed:
            self._process.kill()

    def result(self) -> dict[str, Any]:
        """What became of the child, which has ended or is about to."""
        self._process.join()
        found = read_result(self._folder)
        exitcode = self._process.exitcode
        self._process.close()
        if found is not None:
            return found
        return {"status": FAILED, "reason": self._passed or _death(exitcode), DIED: True}

    def interrupt(self) -> None:
        """Ask it to save and end."""
        self._process.terminate()

    def end(self, seconds: float) -> None:
        """Wait so long for its end, then kill it."""
        self._process.join(seconds)
        self._process.kill()


def start_server(function: str) -> ForkServerContext:
    """The fork server of this process, which imports the module of `function` by itself, while others go on."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, function.partition(":")[0]])
    forkserver.ensure_running()
    return context


def read_result(folder: Path) -> dict[str, Any] | None:
    """The result of the trial in `folder`, or None if there is none that can be read."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return None


def _work(function: str, folder: Path, threads: int | None, gpus: str | None) -> None:
    """What the child does. It leads a session of its own, so Ctrl-C reaches it only by way of the search."""
    os.setsid()
    threading.Thread(target=_end_with_parents, daemon=True).start()
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if threads is not None:
        for pool in ("INTRAOP", "INTEROP"):
            os.environ[f"TF_NUM_{pool}_THREADS"] = str(threads)  # read at the first operation
    if gpus is not None:
        os.environ[GPUS] = gpus
    with filelock.FileLock(folder / ".trial.lock"):  # the child of a search that was killed may be about to end
        if read_result(folder) is not None:
            return
        try:
            result = pkgutil.resolve_name(function)(folder)
            accuracy = result["val_accuracy"]
            if not math.isfinite(accuracy):
                result = {"status": FAILED, "reason": f"val_accuracy is {accuracy}"}
        except Interrupted as interruption:
            raise SystemExit(interruption.exit_code) from None
        except Exception as error:
            traceback.print_exc()
            reason = next(iter(str(error).splitlines()), "")
            result = {"status": FAILED, "reason": f"{type(error).__name__}: {reason}"}
        storage.write_json(folder / RESULT, result)


def _end_with_parents() -> None:
    """End when the search does, or the fork server, without which the search cannot know how this process ends."""
    server = os.getppid()
    while not connection.wait([multiprocessing.parent_process().sentinel], timeout=1) and os.getppid() == server:
        pass
    os._exit(1)


def _death(exitcode: int) -> str:
    if exitcode < 0:
        name = signal.Signals(-exitcode).name
        return f"killed by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
    return f"its process ended with status {exitcode}; see {LOG} in its folder"
