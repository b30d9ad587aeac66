"""A data set: three splits, their spec, and what the user should know about how they came to be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Self

from keras_dl.data.resize import check_conversion
from keras_dl.data.spec import Spec
from keras_dl.data.split import Split
from keras_dl.errors import UsageError

SPLITS = ("train", "validation", "test")
ARRAYS = {"kind": "arrays"}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """Training, validation and test splits; no example is in two of them, and the test split decides nothing.

    `notices` are sentences about what was done to the data: values mapped, splits made, pictures left out.
    `reread(height, width)` gives the same data with pictures read anew at that size, where the originals differ in
    size from what is in memory. `origin` says where they come from, as JSON that changes when the source does.
    """

    spec: Spec
    train: Split
    validation: Split
    test: Split
    notices: tuple[str, ...] = ()
    reread: Callable[[int, int], Data] | None = None
    origin: dict[str, Any] = dataclasses.field(default_factory=lambda: ARRAYS)

    def fingerprint(self) -> dict[str, Any]:
        """As JSON, what tells these data from all others: origin, names of the classes, and hashes of the splits."""
        return {
            "origin": self.origin,
            "class_names": list(self.spec.class_names),
            "splits": {name: getattr(self, name).fingerprint for name in SPLITS},
        }

    def resized(self, shape: tuple[int, ...]) -> Self:
        """The same data with pictures of `shape`, (height, width, channels): scaled to cover it, cropped to the centre.

        Raises `UsageError` for data that are not pictures unless they have that shape already, and for numbers of
        channels that cannot be converted.
        """
        if shape == self.spec.shape:
            return self
        if self.spec.kind in ("text", "audio"):
            raise UsageError(f"{self.spec.name} is {self.spec.kind}; pictures of the shape {shape} are wanted")
        if self.spec.kind != "image":
            raise UsageError(f"{self.spec.name} has inputs of shape {self.spec.shape}, which cannot become {shape}")
        check_conversion(self.spec.shape, shape)
        data = self if self.reread is None else self.reread(*shape[:2])
        splits = {name: dataclasses.replace(getattr(data, name), shape=shape) for name in SPLITS}
        return dataclasses.replace(data, spec=dataclasses.replace(data.spec, shape=shape), **splits)
