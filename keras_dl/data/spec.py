"""What a network needs to know about a data set."""

from __future__ import annotations

import dataclasses
from typing import Literal

from keras_dl.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec:
    """The contract between a data set and a network.

    `shape` is one input's: (height, width, channels) with values 0..255 when `kind` is "image", (features,) when it is
    "features", (samples,) with values -1..1 when it is "audio", `rate` of them a second, and () when it is "text".
    Labels are whole numbers 0 .. `classes` - 1, called `class_names`. `counts` gives the examples per split: "train",
    "validation", "test".
    """

    name: str
    kind: Literal["image", "features", "text", "audio"]
    shape: tuple[int, ...]
    classes: int
    class_names: tuple[str, ...]
    counts: dict[str, int]
    rate: int | None = None

    def check_pictures(self) -> None:
        """Raise `UsageError` for anything but pictures."""
        if self.kind != "image":
            raise UsageError(f"pictures are wanted, {self.name} is {self.kind}")

    def check_numbers(self, network: str) -> None:
        """Raise `UsageError` for texts and sounds, which `network` cannot take as they are."""
        if self.kind in ("text", "audio"):
            function = "bag_of_words" if self.kind == "text" else "log_mel"
            raise UsageError(
                f"{network} takes numbers, {self.name} is {self.kind}; use keras_dl.data.prepare.{function}"
            )
