"""What a network needs to know about a data set."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec:
    """The contract between a data set and a network.

    `shape` is one input's: (height, width, channels) with values 0..255 when `kind` is "image", otherwise
    (features,). Labels are whole numbers 0 .. `classes` - 1, called `class_names`. `counts` gives the examples
    per split: "train", "validation", "test".
    """

    name: str
    kind: Literal["image", "features"]
    shape: tuple[int, ...]
    classes: int
    class_names: tuple[str, ...]
    counts: dict[str, int]
