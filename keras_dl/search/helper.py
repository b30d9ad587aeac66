"""Questions to a child: code that may crash, exit or hang costs its answer, not the process that asks."""

from __future__ import annotations

import os
import pkgutil
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Self

from keras_dl.errors import UsageError
from keras_dl.search.server import TRAIN, begin, death, is_lost, server_id, settle


class Unanswered(UsageError):
    """The child ended, or took too long."""


class Helper:
    """A child that answers one question after another; one that ended is replaced at the next. What it prints is lost.

    A context, which ends the child; without it that ends with this process.
    """

    def __init__(self):
        self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self._end()

    def ask(self, function: str, *arguments: Any, seconds: float | None = None) -> Any:
        """What `function`, such as "package.module:name", returns for `arguments`.

        Raises `UsageError`, in one line, for whatever it raises, and `Unanswered` if its process ends or it takes
        longer than `seconds`.
        """
        while True:
            if self._process is None or not self._process.is_alive():
                self._end()
                self._begin()
            try:
                self._connection.send((function, arguments))
                if not self._connection.poll(seconds):
                    self._end()
                    raise Unanswered(f"it took longer than {seconds:g} seconds")
                answer, refusal = self._connection.recv()
            except (EOFError, ConnectionError):
                self._process.join()
                exitcode = self._process.exitcode
                self._end()
                if is_lost(exitcode, self._server):
                    continue
                raise Unanswered(death(exitcode)) from None
            except BaseException:
                self._end()
                raise
            if refusal is not None:
                raise UsageError(refusal)
            return answer

    def _begin(self) -> None:
        self._connection, theirs = Pipe()
        self._process = begin(TRAIN, _answer, (theirs,))
        self._server = server_id()
        theirs.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._connection.close()
            self._process = None


def words(error: BaseException) -> str:
    """One line for an exception."""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def _answer(questions: Connection) -> None:
    settle()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    while True:
        try:
            function, arguments = questions.recv()
        except EOFError:
            os._exit(0)
        try:
            questions.send((pkgutil.resolve_name(function)(*arguments), None))
        except BaseException as error:
            questions.send((None, str(error) if isinstance(error, UsageError) else words(error)))
