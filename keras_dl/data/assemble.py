"""From the examples that a source holds to a data set with all three splits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from keras_dl.data.dataset import ARRAYS, Data
from keras_dl.data.holdout import complete
from keras_dl.data.spec import Spec
from keras_dl.data.split import Split


def assemble(
    examples: dict[str, tuple[np.ndarray, np.ndarray]],
    *,
    name: str,
    kind: Literal["image", "features", "text", "audio"],
    class_names: Sequence[str],
    validation: float,
    seed: int,
    origin: dict[str, Any] = ARRAYS,
    notices: Sequence[str] = (),
    reread: Callable[[int, int], Data] | None = None,
    rate: int | None = None,
) -> Data:
    """The data set of `examples`: split -> inputs (n, *shape) and labels (n,), "train" among them.

    `origin` is that of `Data`. Splits that are missing are made, as `complete` says. Raises `UsageError` for examples
    that cannot be learned from.
    """
    found = {
        split: Split.of(inputs, labels, classes=len(class_names), name=f"the {split} split of {name}")
        for split, (inputs, labels) in examples.items()
    }
    parts, made = complete({split: part.labels for split, part in found.items()}, validation, seed, class_names)
    splits = {
        split: found[source] if len(indices) == len(found[source]) else found[source].take(indices)
        for split, (source, indices) in parts.items()
    }
    spec = Spec(
        name=name,
        kind=kind,
        shape=splits["train"].shape,
        classes=len(class_names),
        class_names=tuple(class_names),
        counts={split: len(part) for split, part in splits.items()},
        rate=rate,
    )
    return Data(spec=spec, notices=(*notices, *made), origin=origin, reread=reread, **splits)
