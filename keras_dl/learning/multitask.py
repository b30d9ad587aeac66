"""One network for several tasks: a shared trunk with a head for each.

Caruana, "Multitask Learning", Machine Learning 28, 1997.
"""

from __future__ import annotations

from collections.abc import Mapping

from keras_dl import surgery
from keras_dl.errors import UsageError
from keras_dl.lazy import keras


def with_heads(model: keras.Model, tasks: Mapping[str, int]) -> keras.Model:
    """The trunk of `model`, all before its layer "head", with a dense layer of logits for each of the `tasks`.

    `tasks` are names and numbers of classes. The outputs are a dictionary by task, (batch, classes) each; the trunk
    shares its weights with `model`; the new layers are called head_<task>. Raises `UsageError` for no task, and for a
    task without classes.
    """
    if not tasks:
        raise UsageError("a network needs a task, got none")
    for task, classes in tasks.items():
        if classes < 1:
            raise UsageError(f"task {task!r} must have 1 class or more, got {classes}")
    trunk = surgery.embedding(model)
    heads = {task: keras.layers.Dense(classes, name=f"head_{task}")(trunk.output) for task, classes in tasks.items()}
    return keras.Model(trunk.input, heads, name=f"{model.name}_multitask")
