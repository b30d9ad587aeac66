"""Ctrl-C and SIGTERM as a wish that a training grants at its next step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


class Interrupted(KeyboardInterrupt):
    """Work stopped by a signal. `exit_code` is 130 for SIGINT and 143 for SIGTERM, as shells expect."""

    def __init__(self, signum: int, message: str):
        super().__init__(message)
        self.signum = signum
        self.exit_code = 128 + signum

    def with_advice(self, advice: str) -> Interrupted:
        return Interrupted(self.signum, f"{self}; {advice}")


@contextlib.contextmanager
def terminations_raise() -> Iterator[None]:
    """Within it, SIGTERM raises `Interrupted` where the program stands, as SIGINT raises `KeyboardInterrupt`."""

    def stop(signum, _frame):
        raise Interrupted(signum, "terminated")

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


class SignalWatch:
    """While entered, notes the first SIGINT or SIGTERM in `received`; a second one acts as it always does."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.received: int | None = None

    def __enter__(self):
        self._active = threading.current_thread() is threading.main_thread()
        if self._active:
            self._previous = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def __exit__(self, *exc):
        if self._active:
            self._restore()

    def _note(self, signum, _frame):
        self.received = signum
        self._restore()

    def _restore(self):
        for number, handler in self._previous.items():
            signal.signal(number, handler)
