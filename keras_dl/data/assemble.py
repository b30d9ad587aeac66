"""From the examples that a source holds to a data set with all three splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from keras_dl.data.dataset import ARRAYS, Data
from keras_dl.data.holdout import complete
from keras_dl.data.source import Source
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split


def assemble(
    examples: Mapping[str, Mapping[str, np.ndarray | Source]],
    columns: Mapping[str, Column],
    *,
    name: str,
    validation: float,
    seed: int,
    origin: dict[str, Any] = ARRAYS,
    notices: Sequence[str] = (),
    reread: Callable[[int, int], Data] | None = None,
) -> Data:
    """The data set of `examples`: split -> column -> (n, *shape), "train" among the splits, the input first.

    `columns` say what they are; where there is a column "label" it must hold one whole number each. `origin` is that of
    `Data`. Splits that are missing are made, as `complete` says, evenly from all classes of "label". Raises
    `UsageError` for examples that cannot be learned from.
    """
    found = {split: _split(parts, columns, f"the {split} split of {name}") for split, parts in examples.items()}
    labelled = "label" in columns and columns["label"].kind == "class"
    parts, made = complete(
        {split: part.labels if labelled else len(part) for split, part in found.items()},
        validation,
        seed,
        columns["label"].class_names if labelled else (),
    )
    splits = {
        split: found[source] if len(indices) == len(found[source]) else found[source].take(indices)
        for split, (source, indices) in parts.items()
    }
    counts = {split: len(part) for split, part in splits.items()}
    return Data(
        spec=Spec(name=name, columns=dict(columns), counts=counts),
        notices=(*notices, *made),
        origin=origin,
        reread=reread,
        **splits,
    )


def _split(parts: Mapping[str, np.ndarray | Source], columns: Mapping[str, Column], name: str) -> Split:
    kind, *others = parts
    if others == ["label"] and columns["label"].kind == "class" and isinstance(parts[kind], np.ndarray):
        return Split.of(parts[kind], parts["label"], classes=columns["label"].classes, name=name, kind=kind)
    return Split({column: parts[column] for column in columns})
