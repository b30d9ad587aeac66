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
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import filelock

from keras_dl import storage
from keras_dl.catalogue import read_config
from keras_dl.config import Config
from keras_dl.errors import UsageError, check_place, choose
from keras_dl.fields import check_fields
from keras_dl.learning.task import Task
from keras_dl.names import expanded
from keras_dl.tasks import from_json

RECIPES = Path(__file__).parents[1] / "recipes"
OPTIONS = "config.json"
"""the file in a run folder that holds all options of the run"""
LOCK = ".run.lock"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(abc.ABC):
    """Base of all recipes: frozen dataclasses of options with `run()`.

    `out` is the run folder. It holds config.json, enough to repeat the run; a run that was interrupted goes on when
    the same recipe is run in the same folder.
    """

    prolongs = ()
    """options that may change when a run goes on: what was done stays as it is, and more comes after it"""

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
        """The run folder, made for these options.

        Raises `UsageError` if it belongs to another process or holds the run of other options, naming the first that
        differs; a run that left nothing but its options, since they were wrong, gives its folder up.
        """
        with self._locked() as folder:
            file, ours = folder / OPTIONS, json.loads(self.to_json())
            theirs = _read_options(file) if file.exists() else {}
            if any(path != file and path.name[0] != "." for path in folder.iterdir()):
                for key in ["recipe", *sorted(ours.keys() | theirs.keys())]:
                    if theirs.get(key) != ours.get(key) and key not in self.prolongs:
                        raise UsageError(
                            f"{folder} holds a run with {key}={theirs.get(key)!r}, not {ours.get(key)!r}; "
                            "choose another folder"
                        )
                storage.sweep(folder)
            with _explained(folder):
                storage.write_checked_json(file, ours)
        return folder

    @contextlib.contextmanager
    def claimed(self) -> Iterator[Path]:
        """Within it, `folder()` belongs to this process. Raises `UsageError` as `folder` does.

        A folder that was not there before goes again where the options turn out to be wrong.
        """
        new = self.out is not None and not expanded(self.out).exists()
        with self._locked():
            folder = self.folder()
            try:
                yield folder
            except UsageError:
                if new and {path.name for path in folder.iterdir()} <= {OPTIONS, LOCK}:
                    shutil.rmtree(folder)
                raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[Path]:
        """The run folder, kept from all other processes; nothing in it is read or written before."""
        if self.out is None:
            raise UsageError("a run needs a folder: set `out`, or take `placed()` for a new one under runs/")
        check_place("out", self.out)
        folder = expanded(self.out)
        with _explained(folder):
            if folder.exists() and not folder.is_dir():
                raise UsageError(f"{folder} is a file; the run needs a folder")
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / OPTIONS).exists() and any(path.name[0] != "." for path in folder.iterdir()):
                raise UsageError(f"{folder} holds files that are not of a run; choose another folder for `out`")
            lock = filelock.FileLock(folder / LOCK, timeout=0, is_singleton=True)
            try:
                lock.acquire()
            except filelock.Timeout:
                raise UsageError(
                    f"another process is at work in {folder}; choose another folder, or wait for it"
                ) from None
        try:
            yield folder
        finally:
            lock.release()

    def placed(self) -> Self:
        """A copy that has a run folder: `out`, or the first unused runs/<name>-<n>."""
        if self.out is not None:
            check_place("out", self.out)
            return dataclasses.replace(self, out=str(expanded(self.out)))
        number = next(n for n in itertools.count(1) if not Path(f"runs/{self.name}-{n}").exists())
        return dataclasses.replace(self, out=f"runs/{self.name}-{number}")

    def to_json(self) -> str:
        """The recipe's name and every option but `out`, as JSON."""
        options = {
            field.name: _as_json(value)
            for field in dataclasses.fields(self)
            if field.name != "out"
            for value in [getattr(self, field.name)]
        }
        return json.dumps({"recipe": self.name, **options}, indent=2)

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """The recipe whose run is in `folder`. Raises `UsageError` if there is none."""
        file = expanded(folder) / OPTIONS
        if not file.is_file():
            raise UsageError(f"{folder} holds no run: it has no {OPTIONS}")
        options = _read_options(file)
        kind = find(options.pop("recipe"))
        known = {field.name for field in dataclasses.fields(kind)} - {"out"}
        for name, value in options.items():
            choose(f"option of {kind.__name__}", name, known)
            if isinstance(value, dict) and "family" in value:
                options[name] = read_config(json.dumps(value))
            elif isinstance(value, dict):
                options[name] = from_json(value)
            elif isinstance(value, list):
                options[name] = tuple(value)
        return kind(**options, out=str(folder))


def _as_json(option: Any) -> Any:
    if isinstance(option, Config):
        return json.loads(option.to_json())
    return option.to_json() if isinstance(option, Task) else option


def names() -> list[str]:
    """The recipes that there are: the modules in `RECIPES`."""
    return sorted(info.name for info in pkgutil.iter_modules([str(RECIPES)]))


def summaries() -> dict[str, str]:
    """The recipes by name, each with the first line of its module's docstring; none is imported."""
    texts = {name: (RECIPES / f"{name}.py").read_text(encoding="utf-8") for name in names()}
    return {name: ast.get_docstring(ast.parse(text)).splitlines()[0] for name, text in texts.items()}


def find(name: str) -> type[Recipe]:
    """The recipe class in `recipes/<name>.py`; dashes count as underscores. Raises `UsageError`."""
    module = importlib.import_module(f"keras_dl.recipes.{choose('recipe', name.replace('-', '_'), names())}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Recipe) and value.__module__ == module.__name__
    )


def _read_options(file: Path) -> dict[str, Any]:
    """The options in `file`, with or without the checksum that runs of old lack.

    Raises `UsageError` if it holds anything else.
    """
    options = storage.read_json(file)
    if isinstance(options, dict) and storage.CHECKSUM in options:
        options = storage.read_checked_json(file)
    if not isinstance(options, dict) or not isinstance(options.get("recipe"), str):
        raise UsageError(f"{file} does not hold the options of a run")
    return options


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write in {folder}: {error.strerror}") from error
