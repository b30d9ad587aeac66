"""The ways to learn: every module here declares one task, found by its name, and so may a file of one's own."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from typing import Any

from keras_dl.catalogue import own
from keras_dl.errors import UsageError, choose
from keras_dl.learning.task import Task


def names() -> list[str]:
    """The tasks that there are, those of one's own included: see `keras_dl.catalogue.own`."""
    return sorted({*(info.name for info in pkgutil.iter_modules(__path__)), *_own()})


def find(name: str) -> type[Task]:
    """The task called `name`; dashes count as underscores. Raises `UsageError`."""
    name = choose("task", name.replace("-", "_"), names())
    if name in (others := _own()):
        return others[name]
    return own.tasks(importlib.import_module(f"{__name__}.{name}"))[0]


def _own() -> dict[str, type[Task]]:
    """The tasks of one's own by the names of their modules. Raises `UsageError` for a name that is taken."""
    found = {}
    ours = {info.name for info in pkgutil.iter_modules(__path__)}
    for module in own.modules():
        for kind in own.tasks(module):
            name = module.__name__.rpartition(".")[2]
            if name in found or name in ours:
                raise UsageError(f"{module.__file__} declares the task {name}, which there is already; rename the file")
            found[name] = kind
    return found


def get_task(name: str | Task, **options: Any) -> Task:
    """The task called `name`, or a task, with some options changed. Raises `UsageError`."""
    task = name if isinstance(name, Task) else find(name)()
    known = [field.name for field in dataclasses.fields(task)]
    for option in options:
        choose(f"option of {task.name}", option, known)
    return task.replace(**options)


def from_json(value: Any) -> Task:
    """The task that `Task.to_json` has written. Raises `UsageError` for anything else."""
    match value:
        case {"name": str(name), **options}:
            return get_task(name, **options)
    raise UsageError(f"a task has a name and options, got {value!r:.60}")
