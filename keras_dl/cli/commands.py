"""What the words of the command line do: each command parsed, its mistakes one line, its work begun or gone on with."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import io
import itertools
import os
import shlex
import signal
import sys
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import tyro

from keras_dl import __version__, catalogue, names, saved_model
from keras_dl.catalogue import own
from keras_dl.config import Config
from keras_dl.errors import UsageError, choose
from keras_dl.experiments import recipe
from keras_dl.fields import annotations_of
from keras_dl.lazy import settings_of_keras
from keras_dl.tasks import get_task
from keras_dl.training.choice import AnotherEnvironment, restarts
from keras_dl.training.interrupt import Interrupted, terminations_raise

T = TypeVar("T")

USAGE = """usage: keras-dl COMMAND ...

  list [PATTERN]          the catalogue: names, parameters, tasks
  show NAME               one network: sizes, layers, what can be changed
  train NAME --data DATA  train a network and save it; NAME may be a saved model, or the folder best/ of a search
  run RECIPE              run a technique; `keras-dl run` lists them
  search NAME --data DATA search the size of a network and how it is trained
  predict MODEL INPUT...  what a saved model says of pictures or rows of numbers
  evaluate MODEL --data D how good it is on labelled data: scores, confusions, worst mistakes
  report [FOLDER]         a folder of runs as one page: claims and figures
  export FOLDER           a saved model in the format of another runtime

`keras-dl COMMAND --help` lists the options; train, run and search take `--resume FOLDER`.
NAME may be FILE.py:NAME, a network of your own; every command takes `--networks FILE.py` to know those in a file.
`keras-dl --version` says which one this is.
"""
SHOW_USAGE = """usage: keras-dl show NAME [OPTIONS]

Prints the size of a network of the catalogue, its layers, and what can be changed.
`keras-dl list` has the names; `keras-dl show NAME --help` lists the options of that network.
"""
COMMANDS = ("evaluate", "export", "list", "predict", "report", "run", "search", "show", "train")
HELP = ("-h", "--help")
UNKNOWN = "Unrecognized options: "
"""how tyro begins"""


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
        found = catalogue.list_models(**dataclasses.asdict(self))
        if not found:
            raise UsageError(f"no network matches {self.pattern!r} and these limits; `keras-dl list` shows all")
        for name in found:
            entry = catalogue.entries()[name]
            print(f"{name:26}{entry.parameters:>16,}  {entry.task:25}{entry.summary}")


def dispatch(command: str = "--help", *rest: str) -> None:
    """Do what the words of the command line say. Raises `UsageError`, and `Interrupted` with how to go on."""
    if command in HELP:
        print(USAGE)
        return
    if command == "--version":
        print(f"keras-dl {__version__}")
        return
    rest = _with_networks(rest)
    match choose("command", command, COMMANDS):
        case "list":
            _parse(List(), "keras-dl list", rest).run()
        case "export" if not rest:
            _missing("keras-dl export FOLDER --format FORMAT")
        case "export":
            from keras_dl.export import Export

            with terminations_raise():
                _parse(Export, "keras-dl export", rest).run()
        case "predict" if not rest:
            _missing("keras-dl predict MODEL INPUT...")
        case "predict":
            from keras_dl.use.predict import Predict

            _parse(Predict, "keras-dl predict", rest).run()
        case "evaluate" if not rest:
            _missing("keras-dl evaluate MODEL --data DATA")
        case "evaluate":
            from keras_dl.use.evaluate import Evaluate

            _parse(Evaluate, "keras-dl evaluate", rest).run()
        case "report":
            from keras_dl.pages.report import Report

            _parse(Report(), "keras-dl report", rest).run()
        case "show" if rest[:1] in [(word,) for word in HELP]:
            print(SHOW_USAGE)
        case "show":
            from keras_dl.cli.show import show

            name, *flags = rest or _missing("keras-dl show NAME")
            name = _own(name)
            show(_parse(catalogue.get_config(name), f"keras-dl show {name}", flags), name)
        case "run" if rest[:1] in [(), *((word,) for word in HELP)]:
            for name, summary in recipe.summaries().items():
                print(f"{name.replace('_', '-'):26}{summary}")
        case "run":
            name, *flags = rest
            _run(recipe.find(name)(), f"keras-dl run {name}", flags)
        case _:
            kind = recipe.find(command)
            if rest and not rest[0].startswith("-"):
                if "--resume" in (word.partition("=")[0] for word in rest):
                    raise UsageError(f"--resume goes on with the network of the run; leave {rest[0]} out")
                task, flags = _with_task(rest[1:])
                _run(_default(kind, rest[0], task), f"keras-dl {command} {rest[0]}", flags)
            elif {*HELP, "--resume", "--hypermodel"}.isdisjoint(given := {word.partition("=")[0] for word in rest}):
                _missing(f"keras-dl {command} NAME")
            elif "--hypermodel" in given and "--resume" not in given:
                task, flags = _with_task(rest)
                _run(kind() if task is None else kind(task=get_task(task)), f"keras-dl {command}", flags)
            else:
                _run(kind(), f"keras-dl {command}", rest)


def _with_networks(words: Sequence[str]) -> tuple[str, ...]:
    """`words` without `--networks FILE.py`, whose networks are known from now on."""
    parts = [part for word in words for part in (word.split("=", 1) if word.startswith("--networks=") else [word])]
    while "--networks" in parts:
        place = parts.index("--networks")
        file = "".join(parts[place + 1 : place + 2]) or _missing("--networks FILE.py")
        catalogue.add(file)
        del parts[place : place + 2]
    return tuple(parts)


def _own(word: str) -> str:
    """The name of a network given as FILE.py or FILE.py:NAME, which is known from now on; any other word as it is."""
    file, _, name = word.rpartition(":") if ".py:" in word else (word, "", "")
    if not file.endswith(".py"):
        return word
    variants = catalogue.add(file)
    if not name and len(variants) > 1:
        raise UsageError(f"{file} declares {', '.join(variants)}; choose one by {file}:NAME")
    return choose(f"network of {file}", name or next(iter(variants)), variants)


def _with_task(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The name after `--task`, and `words` without them."""
    parts = [part for word in words for part in (word.split("=", 1) if word.startswith("--task=") else [word])]
    if "--task" not in parts:
        return None, parts
    place = parts.index("--task")
    name = "".join(parts[place + 1 : place + 2]) or _missing("--task NAME")
    if name.endswith(".py"):
        catalogue.add(name)
        name = Path(name).stem
    return name, [*parts[:place], *parts[place + 2 :]]


def _default(kind: type[recipe.Recipe], word: str, task: str | None) -> recipe.Recipe:
    """The recipe for the network called `word`, or for the saved model `word`, its weights included, as it trained.

    What it learns is `task`, by default what networks of this kind, or this saved model, have learned.
    """
    word, options = _own(word), {field.name for field in dataclasses.fields(kind)}
    named = names.is_name("network", word, catalogue.entries())
    try:
        folder = None if named else saved_model.find(word)
    except UsageError:
        if names.is_path(word) or os.path.exists(word):
            raise
        folder = None
    if folder is None:
        config = catalogue.get_config(word)
        own = {name: value for name, value in config.training.items() if name in options}
        return kind(network=config, task=get_task(task or config.task), **own)
    contract = saved_model.read_contract(folder)
    trained = contract["facts"].get("training", {})
    known = {name: trained[name] for name in options & trained.keys()}
    config = contract["config"]
    if "weights" in options:
        known |= {"weights": os.path.abspath(folder), "initialization": None}
        shape = getattr(config, "input_shape", ())
        if len(shape) == 3 and shape[0] == shape[1]:
            known["image_size"] = shape[0]
    return kind(network=config, task=get_task(task or contract["task"]), **known)


def _run(default: recipe.Recipe, program: str, flags: Sequence[str]) -> None:
    flags = [part for flag in flags for part in _parts(flag)]
    if "--resume" in flags:
        chosen = _resumed(type(default), program, flags)
    else:
        chosen = _parse(default, program, flags).placed()
        if isinstance(network := getattr(chosen, "network", None), Config):
            _check_kept(network, flags)
    given = "".join(f" --networks {shlex.quote(file)}" for file in own.files())
    resume = f"keras-dl {chosen.command} --resume {shlex.quote(chosen.out)}{given}"
    try:
        with terminations_raise(), chosen.claimed(), restarts(), settings_of_keras():
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


def _check_kept(config: Config, flags: Sequence[str]) -> None:
    """Raise `UsageError` for a flag of the network that the data would override."""
    given = {flag.partition("=")[0] for flag in flags}
    for name in config.follows_data:
        if _flag(f"network.{name}") in given:
            raise UsageError(f"{_flag(f'network.{name}')} follows the data; leave it out")


def _parts(flag: str) -> list[str]:
    """`--resume=FOLDER` as the two words that it is."""
    return flag.split("=", 1) if flag.startswith("--resume=") else [flag]


def _resumed(kind: type[recipe.Recipe], program: str, flags: Sequence[str]) -> recipe.Recipe:
    """The recipe whose run is in the folder after --resume, changed by the other `flags` where it can be prolonged."""
    place = flags.index("--resume")
    folder, others = "".join(flags[place + 1 : place + 2]), [*flags[:place], *flags[place + 2 :]]
    if not folder or folder.startswith("-"):
        raise UsageError(
            f"--resume takes a run folder, such as {program} --resume runs/{kind.__module__.rpartition('.')[2]}-1"
        )
    begun = kind.from_folder(folder)
    if type(begun) is not kind:
        raise UsageError(f"the run in {folder} goes on by: keras-dl {begun.command} --resume {shlex.quote(folder)}")
    wanted = _parse(begun, f"keras-dl {begun.command} --resume {folder}", others)
    found, asked = begun.placed(), wanted.placed()
    for name, before, now in _differences(found, asked):
        if name not in begun.prolongs:
            may = ", ".join(_flag(name) for name in begun.prolongs) or "nothing"
            raise UsageError(
                f"the run in {folder} has {_flag(name)} {before}, not {now}; when it goes on, {may} may change"
            )
    return dataclasses.replace(begun, **{name: getattr(wanted, name) for name in begun.prolongs})


def _differences(one: Any, other: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The options in which two instances of a dataclass differ, with both values; those of dataclasses in it too."""
    for field in dataclasses.fields(one):
        name, before, now = f"{prefix}{field.name}", getattr(one, field.name), getattr(other, field.name)
        if dataclasses.is_dataclass(before) and type(before) is type(now):
            yield from _differences(before, now, f"{name}.")
        elif before != now:
            yield name, before, now


def _parse(default: T | type[T], program: str, flags: Sequence[str]) -> T:
    """`default` with its fields changed by `flags`, or its instance; tyro's boxed message becomes one line."""
    if not flags and not isinstance(default, type):
        return default
    box = io.StringIO()
    start = {} if isinstance(default, type) else {"default": default}
    kind = default if isinstance(default, type) else type(default)
    try:
        with contextlib.redirect_stderr(box):
            return tyro.cli(kind, prog=program, args=list(flags), **start)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        if error := _mistake(stop):
            raise UsageError(f"{error} (`{program} --help` lists the options)") from None
        _title, *lines = (line.strip("│ ") for line in box.getvalue().splitlines())
        lines = itertools.takewhile(lambda line: not _is_rule(line), itertools.dropwhile(_is_rule, lines))
        message = " ".join(lines).removeprefix(f"Error parsing {kind.__name__}: ")
        if message.startswith(UNKNOWN):
            message = _unknown(message.removeprefix(UNKNOWN).split(", ")[0], default)
        raise UsageError(f"{message} (`{program} --help` lists the options)") from None


def _mistake(error: BaseException | None) -> UsageError | None:
    """The `UsageError` at the bottom of `error`, which the box would break where its lines end."""
    while error is not None and not isinstance(error, UsageError):
        error = error.__context__
    return error


def _unknown(word: str, default: Any) -> str:
    if not word.startswith("-"):
        return f"unexpected argument {word!r}"
    near = difflib.get_close_matches(word.lstrip("-"), _flags(default), n=2)
    return f"unknown option {word}" + (f"; did you mean {' or '.join(map(_flag, near))}?" if near else "")


def _flags(default: Any, prefix: str = "") -> list[str]:
    """Every option of the dataclass `default`, or of an instance of it; of a dataclass in it, the options of that."""
    found = []
    hints = annotations_of(default if isinstance(default, type) else type(default))
    for field in dataclasses.fields(default):
        name, value = f"{prefix}{field.name}".replace("_", "-"), getattr(default, field.name, None)
        if dataclasses.is_dataclass(value):
            found += _flags(value, f"{name}.")
        elif tyro.conf.Positional not in typing.get_args(hints[field.name]):
            found.append(name)
    return found


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _is_rule(line: str) -> bool:
    return set(line) <= set("-─╰╯")


def _missing(usage: str) -> NoReturn:
    raise UsageError(f"a name is missing: {usage}")
