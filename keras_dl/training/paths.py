"""Names for all variables of a training: by their place in its structure, the same in every process.

`variable.path` is no such name: two nested networks give one twice, and layers that were named automatically count
through the process. Within a functional model a layer is called by its name, one that Keras named by its class and its
number among those; everything else by the attribute that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from keras_dl.lazy import keras

PRIVATE = frozenset(
    [
        "_layers",
        "_metrics",
        "_trainable_variables",
        "_non_trainable_variables",
        "_seed_generators",
        "_loss_tracker",
        "_operations",
        "_operations_by_depth",
        "_nodes",
        "_inbound_nodes",
        "_outbound_nodes",
        "_tracker",
        "_optimizer",
        "optimizer",
        "_variables",
        "_layer_checkpoint_dependencies",
        "_self_tracked_trackables",
        "_compile_metrics",
        "_compile_loss",
    ]
)
"""attributes in which Keras keeps things a second time, and those that are named by themselves"""


def state(learner: keras.Model) -> dict[str, keras.Variable]:
    """Every variable that decides how the training of `learner`, compiled and built, goes on, by its name.

    Weights, random seeds, what the learner keeps beside its network, every optimizer, and the running metrics.
    """
    named: dict[str, keras.Variable] = {}
    seen: set[int] = set()
    for name, variable in _walk(learner, "model/", seen):
        named[name] = variable
    names = {id(variable): name for name, variable in named.items()}
    running = {f"metrics/{place:05d}": variable for place, variable in enumerate(learner.metrics_variables)}
    of_metrics = {id(variable) for variable in running.values()}
    named = {name: variable for name, variable in named.items() if id(variable) not in of_metrics} | running
    parts = getattr(learner.optimizer, "parts", {"main": learner.optimizer})
    for part, optimizer in parts.items():
        for name, variable in _slots(optimizer, names, f"optimizer/{part}/"):
            named.setdefault(name, variable)
    _check_complete(learner, named)
    return named


def _check_complete(learner: keras.Model, named: dict[str, keras.Variable]) -> None:
    wanted = [*learner.variables, *learner.optimizer.variables, *learner.metrics_variables]
    known = {id(variable) for variable in named.values()}
    if missing := [variable.path for variable in wanted if id(variable) not in known]:
        raise RuntimeError(f"these variables of {learner.name} have no name of their own: {', '.join(missing[:5])}")


def _walk(layer: keras.layers.Layer, prefix: str, seen: set[int]) -> Iterator[tuple[str, keras.Variable]]:
    """The variables of `layer` that are not among the `seen`, with their names."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    functional = isinstance(layer, keras.Sequential) or hasattr(layer, "_operations_by_depth")
    if functional:
        for name, child in zip(layer_names(layer.layers), layer.layers, strict=True):
            yield from _walk(child, f"{prefix}{name}/", seen)
    for key, value in sorted(vars(layer).items()):
        hidden = key in PRIVATE or key.startswith("_self_") or (functional and key.startswith("_"))
        if not hidden:
            yield from _visit(f"{prefix}{key.lstrip('_')}", value, seen)


def _visit(name: str, value: Any, seen: set[int]) -> Iterator[tuple[str, keras.Variable]]:
    if isinstance(value, keras.Variable):
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
    elif isinstance(value, keras.random.SeedGenerator):
        yield from _visit(name, value.state, seen)
    elif isinstance(value, keras.layers.Layer | keras.metrics.Metric):
        yield from _walk(value, f"{name}/", seen)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _visit(f"{name}/{key}", item, seen)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _visit(f"{name}/{place}", item, seen)


def layer_names(layers: list[keras.layers.Layer]) -> list[str]:
    """The names of `layers` of one functional model, those that Keras made up replaced by class and number."""
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        kind = re.sub(r"\W", "", keras.src.utils.naming.to_snake_case(type(layer).__name__))
        if re.fullmatch(rf"{kind}(_\d+)?", layer.name):
            counts[kind] = counts.get(kind, -1) + 1
            names.append(f"{kind}.{counts[kind]}")
        else:
            names.append(layer.name)
    return names


def _slots(optimizer: Any, names: dict[int, str], prefix: str) -> Iterator[tuple[str, keras.Variable]]:
    """The variables of `optimizer`: its counters and rates by attribute, its slots by the variables they belong to."""
    trained = optimizer._trainable_variables if hasattr(optimizer, "_trainable_variables") else []
    for key, value in sorted(vars(optimizer).items()):
        if isinstance(value, keras.Variable):
            yield f"{prefix}{key.lstrip('_')}", value
        elif isinstance(value, keras.optimizers.Optimizer):
            yield from _slots(value, names, f"{prefix}{key}/")
        elif isinstance(value, list) and key not in PRIVATE and len(value) == len(trained):
            for slot, variable in zip(value, trained, strict=True):
                if isinstance(slot, keras.Variable):
                    yield f"{prefix}{key.lstrip('_')}/{names[id(variable)]}", slot
