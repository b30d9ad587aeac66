"""The ways to learn: every module here declares one task, found by the name of its module."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from typing import Any

from keras_dl.errors import UsageError, choose
from keras_dl.learning.task import Task


def names() -> list[str]:
    """The tasks that there are."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__))


def find(name: str) -> type[Task]:
    """The task called `name`; dashes count as underscores. Raises `UsageError`."""
    module = importlib.import_module(f"{__name__}.{choose('task', name.replace('-', '_'), names())}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Task) and value.__module__ == module.__name__
    )


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
