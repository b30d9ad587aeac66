"""A recipe: the options of one runnable technique, and the folder that its run leaves behind."""

from __future__ import annotations

import abc
import ast
import contextlib
import dataclasses
import importlib
import itertools
import json
import pkgutil
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import filelock

from keras_dl import storage
from keras_dl.config import Config
from keras_dl.errors import UsageError, choose
from keras_dl.fields import check_fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(abc.ABC):
    """Base of all recipes: frozen dataclasses of options with `run()`.

    `out` is the run folder. It holds config.json, enough to repeat the run; a run that was interrupted goes on when
    the same recipe is run in the same folder.
    """

    out: str | None = None
    """folder for everything the run leaves; by default a new one under runs/"""

    def __post_init__(self):
        check_fields(self)

    @abc.abstractmethod
    def run(self) -> Any:
        """Do it all in `folder()` and print what was found."""

    @property
    def name(self) -> str:
        """The name of its module."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def command(self) -> str:
        """What follows `keras-dl` to run it."""
        return f"run {self.name.replace('_', '-')}"

    def folder(self) -> Path:
        """The run folder, made and claimed for these options.

        Raises `UsageError` if it holds the run of other options, naming the first that differs; a run that left nothing
        but its options, since they were wrong, gives its folder up.
        """
        if self.out is None:
            raise UsageError("a run needs a folder: set `out`, or take `placed()` for a new one under runs/")
        folder, file = Path(self.out), Path(self.out) / "config.json"
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; the run needs a folder")
        begun = folder.is_dir() and any(path != file and path.name[0] != "." for path in folder.iterdir())
        if not begun:
            _write_or_explain(file, self.to_json())
            return folder
        if not file.exists():
            raise UsageError(f"{folder} holds files that are not of a run; choose another folder for `out`")
        theirs, ours = _read_options(file), json.loads(self.to_json())
        for key in ours:
            if theirs.get(key) != ours[key]:
                raise UsageError(
                    f"{folder} holds a run with {key}={theirs.get(key)!r}, not {ours[key]!r}; choose another folder"
                )
        storage.sweep(folder)
        return folder

    @contextlib.contextmanager
    def claimed(self) -> Iterator[Path]:
        """Within it, `folder()` belongs to this process. Raises `UsageError` if it belongs to another one."""
        folder = self.folder()
        try:
            with filelock.FileLock(folder / ".run.lock", timeout=0):
                yield folder
        except filelock.Timeout:
            raise UsageError(f"another process is at work in {folder}; choose another folder, or wait for it") from None

    def placed(self) -> Self:
        """A copy that has a run folder: `out`, or the first unused runs/<name>-<n>."""
        if self.out is not None:
            return self
        number = next(n for n in itertools.count(1) if not Path(f"runs/{self.name}-{n}").exists())
        return dataclasses.replace(self, out=f"runs/{self.name}-{number}")

    def to_json(self) -> str:
        """The recipe's name and every option but `out`, as JSON."""
        options = {
            field.name: json.loads(value.to_json()) if isinstance(value, Config) else value
            for field in dataclasses.fields(self)
            if field.name != "out"
            for value in [getattr(self, field.name)]
        }
        return json.dumps({"recipe": self.name, **options}, indent=2)

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """The recipe whose run is in `folder`. Raises `UsageError` if there is none."""
        file = Path(folder) / "config.json"
        if not file.is_file():
            raise UsageError(f"{folder} holds no run: it has no config.json")
        options = _read_options(file)
        kind = find(options.pop("recipe"))
        hints = typing.get_type_hints(kind)
        for name, value in options.items():
            choose(f"option of {kind.__name__}", name, hints)
            if isinstance(value, dict) and "family" in value:
                options[name] = Config.from_json(json.dumps(value))
            elif isinstance(value, list):
                options[name] = tuple(value)
        return kind(**options, out=str(folder))


def names() -> list[str]:
    """The recipes that there are: the modules of the package `recipes`."""
    import recipes

    return sorted(info.name for info in pkgutil.iter_modules(recipes.__path__))


def summaries() -> dict[str, str]:
    """The recipes by name, each with the first line of its module's docstring; none is imported."""
    import recipes

    files = {name: Path(recipes.__file__).with_name(f"{name}.py") for name in names()}
    return {
        name: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))).splitlines()[0]
        for name, file in files.items()
    }


def find(name: str) -> type[Recipe]:
    """The recipe class in `recipes/<name>.py`; dashes count as underscores. Raises `UsageError`."""
    module = importlib.import_module(f"recipes.{choose('recipe', name.replace('-', '_'), names())}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Recipe) and value.__module__ == module.__name__
    )


def _read_options(file: Path) -> dict[str, Any]:
    """What `to_json` wrote into `file`. Raises `UsageError` if it is anything else."""
    try:
        options = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{file} is damaged: {error}") from error
    if not isinstance(options, dict) or not isinstance(options.get("recipe"), str):
        raise UsageError(f"{file} does not hold the options of a run")
    return options


def _write_or_explain(file: Path, text: str) -> None:
    try:
        storage.write(file, text)
    except OSError as error:
        raise UsageError(f"cannot write in {file.parent}: {error.strerror}") from error
