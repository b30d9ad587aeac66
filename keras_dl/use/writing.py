"""How a saved model writes: options of the command line over those of its task."""

from __future__ import annotations

from typing import Any

from keras_dl.errors import UsageError
from keras_dl.learning.task import Task

FIELDS = {
    "max_tokens": "written",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "beams": "beam_width",
    "seed": "answer_seed",
    "weights": "weights",
}
"""what each option is called in the tasks that have it"""
DRAWING = ("temperature", "top_k", "top_p", "seed")
"""options that say how a token is drawn"""


def writing(task: Task, options: dict[str, Any]) -> Task:
    """`task` with the `options` that are not None. Raises `UsageError` for one that it lacks or that has no effect."""
    asked = {name: value for name, value in options.items() if value is not None}
    for name in asked:
        if not hasattr(task, FIELDS[name]):
            known = [f"--{other.replace('_', '-')}" for other, field in FIELDS.items() if hasattr(task, field)]
            hint = f"; it takes {', '.join(known)}" if known else ""
            raise UsageError(
                f"--{name.replace('_', '-')} is for models that write so, this one learned {task.name}{hint}"
            )
    drawing = [name for name in DRAWING if name in asked]
    if asked.get("beams", 1) > 1 and drawing:
        raise UsageError(f"beams look for the likeliest text, nothing is drawn; leave {' and '.join(drawing)} out")
    if asked.get("temperature") == 0 and drawing != ["temperature"]:
        raise UsageError(f"temperature 0 takes the likeliest token; leave {' and '.join(drawing[1:])} out")
    if drawing and hasattr(task, FIELDS["beams"]):
        asked.setdefault("beams", 1)
    return task.replace(**{FIELDS[name]: value for name, value in asked.items()})


def legible(text: str) -> str:
    """`text` without what would steer a terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)
