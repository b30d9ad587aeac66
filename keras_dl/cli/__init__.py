"""The command line: `keras-dl list | show | train | run | search | predict | evaluate | report | export`.

What the commands need is imported within `main`, so that whatever happens from there on ends in one line.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from keras_dl.errors import UsageError, shown


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 the machine failed, 2 a mistake of the user, 130 / 143 interrupted."""
    _exit_with_one_line(sys.argv[1:] if arguments is None else arguments)


def _exit_with_one_line(arguments: Sequence[str]) -> NoReturn:
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the caller; everybody writes to them
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names of files may be in no encoding at all
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        sys.exit(_one_line_of(arguments))
    finally:
        signal.signal(signal.SIGTERM, before)


def _one_line_of(arguments: Sequence[str]) -> int:
    """The exit status of the command, after the one line that a failure is told in."""
    try:
        from keras_dl.cli.commands import dispatch

        dispatch(*arguments)
        sys.stdout.flush()
    except UsageError as error:
        return _say(error, 2)
    except KeyboardInterrupt as interruption:
        return _say(str(interruption) or "interrupted", getattr(interruption, "exit_code", 130))
    except BrokenPipeError:  # the reader of the output has gone, as `head` does
        _drop_output()
        return 1
    except MemoryError:
        return _say("the memory of this machine is used up; a smaller network, batch or image_size needs less", 1)
    except OSError as error:
        if error.strerror is None:
            raise
        if error.filename is None:
            _drop_output()
        return _say(f"{error.strerror}: {error.filename or 'while writing'}; what was complete before is kept", 1)
    return 0


def _drop_output() -> None:
    """Forget what stdout still holds: it cannot be written, and Python would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminated(*_) -> NoReturn:
    sys.exit(_say("terminated", 128 + signal.SIGTERM))


def _say(message: object, code: int) -> int:
    print(f"keras-dl: {shown(message)}", file=sys.stderr)
    return code
