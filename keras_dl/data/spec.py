"""What a network needs to know about a data set."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from keras_dl.errors import UsageError
from keras_dl.fields import HELD, Count, NaturalNumber, at_least, check_fields

FORMS = {"image": ("height", "width", "channels"), "features": ("features",), "audio": ("samples",), "text": ()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec:
    """The contract between a data set and a network.

    `shape` is one input's: (height, width, channels) with values 0..255 when `kind` is "image", (features,) when it is
    "features", (samples,) with values -1..1 when it is "audio", `rate` of them a second, and () when it is "text".
    Labels are whole numbers 0 .. `classes` - 1, called `class_names`. `counts` gives the examples per split: "train",
    "validation", "test", and is filled in by `Data`. `image_size` is the height and width that was asked for, if one
    was. Raises `UsageError` for anything else.
    """

    name: str
    kind: Literal["image", "features", "text", "audio"]
    shape: tuple[Count, ...]
    classes: Annotated[int, at_least(2), HELD]
    class_names: tuple[str, ...] = ()
    counts: dict[str, NaturalNumber] = dataclasses.field(default_factory=dict)
    rate: Count | None = None
    image_size: Count | None = None

    def __post_init__(self):
        check_fields(self)
        form = FORMS[self.kind]
        if len(self.shape) != len(form):
            raise UsageError(f"the shape of {self.kind} must be ({', '.join(form)}), got {self.shape}")
        if self.class_names and len(set(self.class_names)) != self.classes:
            raise UsageError(f"{self.classes} classes need as many different class_names, got {self.class_names}")

    def check_pictures(self) -> None:
        """Raise `UsageError` for anything but pictures."""
        if self.kind != "image":
            raise UsageError(f"pictures are wanted, {self.name} is {self.kind}")

    def check_size(self, shape: tuple[int, ...], taker: str) -> None:
        """Raise `UsageError` if a size was asked for and `taker`, of fixed input `shape`, takes another."""
        if self.image_size is not None and shape[:2] != (self.image_size, self.image_size):
            raise UsageError(
                f"{taker} takes pictures of {shape[0]}x{shape[1]} pixels, not image_size={self.image_size}; "
                "leave image_size out"
            )

    def check_numbers(self, network: str) -> None:
        """Raise `UsageError` for texts and sounds, which `network` cannot take as they are."""
        if self.kind in ("text", "audio"):
            function = "bag_of_words" if self.kind == "text" else "log_mel"
            raise UsageError(
                f"{network} takes numbers, {self.name} is {self.kind}; use keras_dl.data.prepare.{function}"
            )
