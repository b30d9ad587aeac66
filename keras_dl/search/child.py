"""One trial in a process of its own: whatever becomes of it, the search hears of it in words and goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import math
import os
import pkgutil
import time
import traceback
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import filelock
import psutil

from keras_dl import storage
from keras_dl.errors import UsageError
from keras_dl.search.helper import words
from keras_dl.search.ledger import FAILED
from keras_dl.search.server import begin, death, is_lost, server_id, settle
from keras_dl.training.interrupt import Interrupted

ORDER, RESULT, LOG = "order.json", "result.json", "log.txt"
DIED = "died"
"""in a result: the process of the trial came to its end before it had one; another attempt may go better"""
STOP, ERRNO, FILE = "stop", "errno", "file"
"""in a result: why the search cannot go on, which is no fault of the trial, and what the system says of it"""
OF = "order_sha256"
"""in a result's file: the hash of the order that it is of"""
FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE)
"""of a disk: full, over the quota, broken, not to be written to, gone"""


class CannotGoOn(UsageError):
    """What keeps a trial from running would keep every other from it too."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What one trial may use: `seconds`, `megabytes` of resident memory, and `threads` in each pool of TensorFlow."""

    seconds: float | None = None
    megabytes: int | None = None
    threads: int | None = None


class Child:
    """Runs `function`, such as "package.module:name", on `folder` in a child of a fork server that knows its module.

    The function returns a result with "score". An exception, a signal, a score that is not finite or a passed
    limit make one with status "failed" and a "reason"; a full or broken disk, and `CannotGoOn`, one with "stop", which
    is not kept. What it prints goes to log.txt in `folder`. A folder with a result of its order is left as it is.
    """

    def __init__(self, function: str, folder: Path, limits: Limits):
        self._folder, self._limits = folder, limits
        self._passed: str | None = None
        self._stops, theirs = Pipe(duplex=False)
        arguments = (function, folder.resolve(), limits.threads, theirs)
        self._process = begin(function, _work, arguments)
        self._server = server_id()
        theirs.close()
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

    def result(self) -> dict[str, Any] | None:
        """What became of the child, which has ended or is about to; None if it was lost with its fork server."""
        self._process.join()
        exitcode = self._process.exitcode
        self._process.close()
        with self._stops, contextlib.suppress(EOFError):
            if self._stops.poll():
                return self._stops.recv()
        if (found := read_result(self._folder)) is not None:
            return found
        if not self._passed and is_lost(exitcode, self._server):
            return None
        seen = f"; see {LOG} in its folder" if exitcode >= 0 else ""
        return {"status": FAILED, "reason": self._passed or death(exitcode) + seen, DIED: True}

    def interrupt(self) -> None:
        """Ask it to save and end."""
        self._process.terminate()

    def end(self, seconds: float) -> None:
        """Wait so long for its end, then kill it."""
        self._process.join(seconds)
        self._process.kill()


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Keep `result` in `folder`, bound to the order that is there."""
    storage.write_checked_json(folder / RESULT, {**result, OF: _order_hash(folder)})


def read_result(folder: Path) -> dict[str, Any] | None:
    """The result of the trial in `folder`; None if there is none, or if it is damaged or of another order."""
    with contextlib.suppress(UsageError):
        found = storage.read_checked_json(folder / RESULT)
        if found.pop(OF, None) == _order_hash(folder):
            return found
    return None


def _order_hash(folder: Path) -> str | None:
    return storage.fingerprint(folder / ORDER)["sha256"] if (folder / ORDER).exists() else None


def _work(function: str, folder: Path, threads: int | None, stops: Connection) -> None:
    """What the child does. It ends with its result, whatever threads the trial has left behind."""
    settle()
    status = 1
    try:
        _log_into(folder)
        if threads is not None:
            for pool in ("INTRAOP", "INTEROP"):
                os.environ[f"TF_NUM_{pool}_THREADS"] = str(threads)  # read at the first operation
        with filelock.FileLock(folder / ".trial.lock"):  # the child of a search that was killed may be about to end
            if read_result(folder) is None:
                write_result(folder, _result(function, folder))
        status = 0
    except Interrupted as interruption:
        status = interruption.exit_code
    except CannotGoOn as error:
        stops.send({STOP: str(error)})
    except OSError as error:
        stops.send({STOP: str(error), ERRNO: error.errno, FILE: error.filename or str(folder)})
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _log_into(folder: Path) -> None:
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)


def _result(function: str, folder: Path) -> dict[str, Any]:
    """What `function` returns, or its failure in words. Raises `CannotGoOn`, and `OSError` for a disk at fault."""
    try:
        result = pkgutil.resolve_name(function)(folder)
        if not math.isfinite(score := result["score"]):
            return {"status": FAILED, "reason": f"its score is {score}"}
        return result
    except (CannotGoOn, Interrupted):
        raise
    except BaseException as error:
        if (code := _fault(error)) is not None:
            raise OSError(code, os.strerror(code), getattr(error, "filename", None)) from error
        traceback.print_exc()
        return {"status": FAILED, "reason": words(error)}


def _fault(error: BaseException) -> int | None:
    """The number of the disk's fault behind an exception, which libraries tell in words."""
    told = str(error)
    return next((code for code in FAULTS if getattr(error, "errno", None) == code or os.strerror(code) in told), None)
