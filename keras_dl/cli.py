"""The command line: `keras-dl list | show | train | run | search | report | export`."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import itertools
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import tyro

from keras_dl import catalogue, recipe, saved_model
from keras_dl.accelerate.choice import AnotherEnvironment, restarts
from keras_dl.errors import UsageError, choose
from keras_dl.training.interrupt import Interrupted, terminations_raise

T = TypeVar("T")

USAGE = """usage: keras-dl COMMAND ...

  list [PATTERN]          the catalogue: names, parameters, tasks
  show NAME               one network: sizes, layers, what can be changed
  train NAME --data DATA  train a network and save it; NAME may be the folder best/ of a search
  run RECIPE              run a technique; `keras-dl run` lists them
  search NAME --data DATA search the size of a network and how it is trained
  report [FOLDER]         a folder of runs as one page: claims and figures
  export FOLDER           a saved model in the format of another runtime

`keras-dl COMMAND --help` lists the options; train, run and search take `--resume FOLDER`.
"""


@dataclasses.dataclass(frozen=True)
class List:
    """List the networks of the catalogue."""

    pattern: Annotated[str, tyro.conf.Positional] = "*"
    """names to list, as a glob pattern"""
    task: str | None = None
    """only networks for this task"""
    family: str | None = None
    """only networks of this family"""
    min_parameters: int | None = None
    """only networks with so many parameters or more"""
    max_parameters: int | None = None
    """only networks with so many parameters or fewer"""

    def run(self) -> None:
        names = catalogue.list_models(**dataclasses.asdict(self))
        if not names:
            raise UsageError(f"no network matches {self.pattern!r} and these limits; `keras-dl list` shows all")
        for name in names:
            entry = catalogue.entries()[name]
            print(f"{name:26}{entry.parameters:>14,}  {entry.task:22}{entry.summary}")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 the machine failed, 2 a mistake of the user, 130 / 143 interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    words = arguments[1:] if arguments[:1] == ["show"] else arguments
    if not arguments or words[:1] in (["-h"], ["--help"]):
        print(USAGE)
        sys.exit(0)
    _exit_with_one_line(_dispatch, *arguments)


def run_recipe(name: str) -> NoReturn:
    """Run the recipe `name` with the arguments of the command line, as `python -m recipes.NAME` does."""
    _exit_with_one_line(_dispatch, "run", name, *sys.argv[1:])


def _exit_with_one_line(function: Callable, *arguments: str) -> NoReturn:
    try:
        function(*arguments)
        sys.stdout.flush()
    except UsageError as error:
        sys.exit(_say(error, 2))
    except Interrupted as interruption:
        sys.exit(_say(interruption, interruption.exit_code))
    except KeyboardInterrupt:
        sys.exit(_say("interrupted", 130))
    except BrokenPipeError:  # the reader of the output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.strerror is None:
            raise
        sys.exit(_say(f"{error.strerror}: {error.filename or 'while writing'}; what was complete before is kept", 1))
    sys.exit(0)


def _say(message: object, code: int) -> int:
    print(f"keras-dl: {message}", file=sys.stderr)
    return code


def _dispatch(command: str, *rest: str) -> None:
    match choose("command", command, ("export", "list", "report", "run", "search", "show", "train")):
        case "list":
            _parse(List(), "keras-dl list", rest).run()
        case "export":
            from keras_dl.export import Export

            with terminations_raise():
                _parse(Export, "keras-dl export", rest).run()
        case "report":
            from keras_dl.report import Report

            _parse(Report(), "keras-dl report", rest).run()
        case "show":
            from keras_dl.show import show

            name, *flags = rest or _missing("keras-dl show NAME")
            show(_parse(catalogue.get_config(name), f"keras-dl show {name}", flags), name)
        case "run" if rest[:1] in ((), ("-h",), ("--help",)):
            for name, summary in recipe.summaries().items():
                print(f"{name.replace('_', '-'):26}{summary}")
        case "run":
            name, *flags = rest
            _run(recipe.find(name)(), f"keras-dl run {name}", flags)
        case _:
            kind = recipe.find(command)
            if rest and not rest[0].startswith("-") and "--resume" not in rest:
                _run(_default(kind, rest[0]), f"keras-dl {command} {rest[0]}", rest[1:])
            else:
                _run(kind(), f"keras-dl {command}", rest)


def _default(kind: type[recipe.Recipe], word: str) -> recipe.Recipe:
    """The recipe for the network called `word`, or for the winner of a search in the folder `word`, as it trained."""
    if word in catalogue.entries() or not Path(word).is_dir():
        return kind(network=catalogue.get_config(word))
    contract = saved_model.read_contract(word)
    names = {field.name for field in dataclasses.fields(kind)}
    trained = contract["facts"].get("training", {})
    return kind(network=contract["config"], **{name: trained[name] for name in names & trained.keys()})


def _run(default: recipe.Recipe, program: str, flags: Sequence[str]) -> None:
    if "--resume" in flags:
        flags = list(flags)
        if len(flags) != 2 or flags[0] != "--resume":
            raise UsageError(f"--resume takes a run folder and nothing else, got {shlex.join(flags)}")
        chosen = type(default).from_folder(flags[1])
    else:
        chosen = _parse(default, program, flags).placed()
    resume = f"keras-dl {chosen.command} --resume {shlex.quote(chosen.out)}"
    try:
        with terminations_raise(), chosen.claimed(), restarts():
            chosen.run()
    except AnotherEnvironment as wanted:
        os.environ.update(wanted.environment)
        start = "from keras_dl.cli import main; main()"
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-c", start, *shlex.split(resume)[1:]])
    except Interrupted as interruption:
        raise interruption.with_advice(f"resume by: {resume}") from None
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, f"interrupted; resume by: {resume}") from None


def _parse(default: T | type[T], program: str, flags: Sequence[str]) -> T:
    """`default` with its fields changed by `flags`, or its instance; tyro's boxed message becomes one line."""
    box = io.StringIO()
    start = {} if isinstance(default, type) else {"default": default}
    kind = default if isinstance(default, type) else type(default)
    try:
        with contextlib.redirect_stderr(box):
            return tyro.cli(kind, prog=program, args=list(flags), **start)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        _title, *lines = (line.strip("│ ") for line in box.getvalue().splitlines())
        lines = itertools.takewhile(lambda line: not _is_rule(line), itertools.dropwhile(_is_rule, lines))
        raise UsageError(f"{' '.join(lines)} (`{program} --help` lists the options)") from None


def _is_rule(line: str) -> bool:
    return set(line) <= set("-─╰╯")


def _missing(usage: str) -> NoReturn:
    raise UsageError(f"a name is missing: {usage}")
