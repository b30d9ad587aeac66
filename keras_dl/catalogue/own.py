"""Networks and tasks of one's own: a file like those under `architectures/` or `tasks/`, or an installed package.

A file is known once it is given, by `--networks FILE` on the command line or `add(FILE)`; child processes find it by
the variable KERAS_DL_NETWORKS. A package names its modules in the entry point groups `keras_dl.architectures` and
`keras_dl.tasks`. What a saved model or a run says of its network or its task is never imported.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import os
import sys
from pathlib import Path
from types import ModuleType

from keras_dl.config import Config
from keras_dl.errors import UsageError
from keras_dl.learning.task import Task

VARIABLE = "KERAS_DL_NETWORKS"
GROUPS = ("keras_dl.architectures", "keras_dl.tasks")
PREFIX = "keras_dl_networks"
"""before the names of modules that are files"""


def files() -> list[str]:
    """The files that were given."""
    return os.environ.get(VARIABLE, "").split(os.pathsep) if os.environ.get(VARIABLE) else []


def give(file: str | os.PathLike) -> ModuleType:
    """The module of `file`, imported once; from now on child processes know it too.

    Raises `UsageError` for what is no Python file, cannot be imported or declares neither a network nor a task.
    """
    path = os.path.abspath(os.path.expanduser(file))
    if not path.endswith(".py") or not os.path.isfile(path):
        raise UsageError(f"networks of your own are in a Python file, such as my_nets.py; there is none at {file}")
    module = _imported(path)
    if path not in files():
        os.environ[VARIABLE] = os.pathsep.join([*files(), path])
    return module


def take_back(module: ModuleType) -> None:
    """Forget a module that `give` has imported."""
    os.environ[VARIABLE] = os.pathsep.join(file for file in files() if file != module.__file__)
    sys.modules.pop(module.__name__, None)


def modules() -> list[ModuleType]:
    """The modules of all files that were given, and of installed packages. Raises `UsageError` as `give` does."""
    installed = importlib.metadata.entry_points()
    points = [point for group in GROUPS for point in installed.select(group=group)]
    return list(dict.fromkeys([*map(_imported, files()), *map(_installed, points)]))


def variants(module: ModuleType) -> dict[str, Config]:
    """The networks that `module` declares by name: its `VARIANTS`, or its config classes as they are by default.

    Raises `UsageError` if it declares no task either, and for networks without a function `build`.
    """
    found = getattr(module, "VARIANTS", None) or {kind.__name__: kind() for kind in _declared(module, Config)}
    if (not found and not tasks(module)) or (found and not callable(getattr(module, "build", None))):
        raise UsageError(
            f"{module.__file__} declares no network: it needs a subclass of Config and build(config); nor a task: it "
            "needs a subclass of Task"
        )
    return found


def tasks(module: ModuleType) -> list[type[Task]]:
    """The tasks that `module` declares."""
    return _declared(module, Task)


def _declared(module: ModuleType, base: type) -> list[type]:
    return [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, base) and kind.__module__ == module.__name__
    ]


def _imported(path: str) -> ModuleType:
    name = f"{PREFIX}.{Path(path).stem}"
    if name in sys.modules:
        if sys.modules[name].__file__ != path:
            raise UsageError(f"{path} and {sys.modules[name].__file__} have the same name; rename one of them")
        return sys.modules[name]
    sys.modules.setdefault(PREFIX, ModuleType(PREFIX))  # for pickle, which imports it first
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        variants(module)
    except UsageError:
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        reason = next(iter(str(error).splitlines()), "")
        raise UsageError(f"{path} cannot be imported: {type(error).__name__}: {reason}") from error
    return module


def _installed(point: importlib.metadata.EntryPoint) -> ModuleType:
    try:
        module = point.load()
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise UsageError(
            f"the networks of the installed {point.value} cannot be imported: {type(error).__name__}: {reason}"
        ) from error
    variants(module)
    return module
