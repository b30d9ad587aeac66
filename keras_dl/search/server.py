"""The fork server of this process: its children have imported TensorFlow when they begin, and end when it does."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from keras_dl.catalogue import own

TRAIN = "keras_dl.search.worker:train"
"""what a trial of a search does; its module brings all that the other children need too"""
TRIES = 10
SECONDS_TO_DIE = 0.1
OF_NOW = ("CUDA_VISIBLE_DEVICES", own.VARIABLE)
"""variables of the environment; Ray sets the first for each task"""
LOST = 255
"""the status that multiprocessing gives a child whose fork server has gone"""


def start_server(function: str = TRAIN) -> ForkServerContext:
    """The fork server of this process, which imports the module of `function` by itself, while others go on."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, function.partition(":")[0]])
    forkserver.ensure_running()
    return context


def begin(function: str, target: Callable, arguments: tuple) -> ForkServerProcess:
    """A child that runs `target` on `arguments`; a fork server that was killed is started anew.

    Its GPUs and the user's own networks are those of this process now, not when the server began. Raises
    `ChildProcessError` if that does not help.
    """
    now = {name: os.environ[name] for name in OF_NOW if name in os.environ}
    for _ in range(TRIES):
        process = start_server(function).Process(target=_work, args=(now, target, *arguments), daemon=True)
        try:
            process.start()
        except (OSError, EOFError):
            time.sleep(SECONDS_TO_DIE)
        else:
            return process
    raise ChildProcessError(None, "the fork server ends whenever it is started")


def _work(now: dict[str, str], target: Callable, *arguments: Any) -> None:
    for name in OF_NOW:
        os.environ.pop(name, None)
    os.environ.update(now)
    for file in own.files():
        own.give(file)  # what comes to the child is of these modules
    target(*arguments)


def server_id() -> int | None:
    """The process of the present fork server."""
    return forkserver._forkserver._forkserver_pid


def is_lost(exitcode: int, server: int | None) -> bool:
    """Whether a child of `server` that ended with `exitcode` did so because the server has gone."""
    if exitcode != LOST:
        return False
    time.sleep(SECONDS_TO_DIE)
    forkserver.ensure_running()
    return server_id() != server


def settle() -> None:
    """In a child: end with the parents, and be out of the reach of Ctrl-C, which comes by way of them."""
    os.setsid()
    threading.Thread(target=_end_with_parents, daemon=True).start()


def _end_with_parents() -> None:
    """End when the parent does, or the fork server, without which the parent cannot know how this process ends."""
    server = os.getppid()
    while not connection.wait([multiprocessing.parent_process().sentinel], timeout=1) and os.getppid() == server:
        pass
    os._exit(1)


def death(exitcode: int) -> str:
    """Words for the end of a child that left no answer."""
    if exitcode < 0:
        name = signal.Signals(-exitcode).name
        return f"killed by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
    return f"its process ended with status {exitcode}"
