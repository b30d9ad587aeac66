"""A data set: three splits, their spec, and what the user should know about how they came to be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Self

from keras_dl.data.checks import check_range
from keras_dl.data.memory import check_fits
from keras_dl.data.resize import check_conversion
from keras_dl.data.source import Source, blocks
from keras_dl.data.spec import Column, Spec
from keras_dl.data.split import Split
from keras_dl.errors import UsageError, some
from keras_dl.fields import checked

SPLITS = ("train", "validation", "test")
RANGES = {"image": (0, 255), "audio": (-1, 1)}
ARRAYS = {"kind": "arrays"}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """Training, validation and test splits; no example is in two of them, and the test split decides nothing.

    Spec and splits must say the same: columns, shape, classes, pixels 0..255; where they do not, `UsageError` is
    raised. The counts of the spec become what the splits have.

    `notices` are sentences about what was done to the data: values mapped, splits made, pictures left out.
    `reread(height, width)` gives the same data with pictures read anew at that size, where the originals differ in
    size from what is in memory; `recode(vocabulary)` gives them with the features of a table as another description of
    it makes them, that of a trained network. `origin` says where they come from, as JSON that changes when the source
    does.
    """

    spec: Spec
    train: Split
    validation: Split
    test: Split
    notices: tuple[str, ...] = ()
    reread: Callable[[int, int], Data] | None = None
    recode: Callable[[str], Data] | None = None
    origin: dict[str, Any] = dataclasses.field(default_factory=lambda: ARRAYS)

    def __post_init__(self):
        checked("spec", self.spec, Spec)
        for name in SPLITS:
            split = checked(name, getattr(self, name), Split)
            if not len(split):
                raise UsageError(f"the {name} split of {self.spec.name} is empty")
            if [*split.columns] != [*self.spec.columns]:
                raise UsageError(
                    f"{self.spec.name} says that there are {some([*self.spec.columns])}; in {name} there are "
                    f"{some([*split.columns])}"
                )
            if split.shape != self.spec.shape:
                raise UsageError(
                    f"{self.spec.name} says that inputs have shape {self.spec.shape}; in {name} it is {split.shape}"
                )
            for column, found in self.spec.columns.items():
                _check_column(split, column, found, f"the {name} split of {self.spec.name}")
            _check_scale(split, self.spec, name)
        checked("origin", self.origin, dict)
        if not (self.reread is None or callable(self.reread)):
            raise UsageError(f"reread must be a function, got {self.reread!r}")
        object.__setattr__(self, "notices", checked("notices", self.notices, tuple[str, ...]))
        counts = {name: len(getattr(self, name)) for name in SPLITS}
        object.__setattr__(self, "spec", dataclasses.replace(self.spec, counts=counts))

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
        shape = checked("shape", shape, tuple[int, ...])
        if shape == self.spec.shape:
            return self
        if self.spec.kind in ("text", "audio"):
            raise UsageError(f"{self.spec.name} is {self.spec.kind}; pictures of the shape {shape} are wanted")
        if self.spec.kind != "image":
            raise UsageError(f"{self.spec.name} has inputs of shape {self.spec.shape}, which cannot become {shape}")
        check_conversion(self.spec.shape, shape)
        check_fits(self.spec.name, 1, shape, 4)
        data = self if self.reread is None else self.reread(*shape[:2])
        splits = {name: getattr(data, name).resized(shape) for name in SPLITS}
        spec = data.spec.replace(data.spec.input, shape=shape)
        if (mask := spec.find("mask")) is not None:
            spec = spec.replace(mask, shape=shape[:2])
        return dataclasses.replace(data, spec=spec, **splits)

    def prepared(self, column: Column, prepare: Callable[[Any], Any]) -> Self:
        """The same data whose input is `column`: `prepare` makes it of a batch of what is stored."""
        splits = {}
        for name in SPLITS:
            split = getattr(self, name)
            columns = {
                (column.kind if key == self.spec.input else key): stored for key, stored in split.columns.items()
            }
            splits[name] = dataclasses.replace(split, columns=columns, shape=column.shape, prepare=prepare)
        return dataclasses.replace(self, spec=self.spec.with_input(column), **splits)


def _check_column(split: Split, name: str, column: Column, where: str) -> None:
    """Raise `UsageError` for classes, pixels and samples in memory that are outside the range of their kind."""
    source = split.columns[name]
    if not source.in_memory:
        return
    if column.kind in ("class", "mask"):
        known = source.values[source.values != -1] if column.gaps else source.values
        check_range(known, column.classes, where)
    if column.kind in RANGES and split.prepare is None:
        least, most = RANGES[column.kind]
        low, high = _extremes(source)
        if low < least or high > most:
            raise UsageError(f"{column.kind} must have values {least}..{most}; those of {where} are {low:g}..{high:g}")


def _check_scale(split: Split, spec: Spec, name: str) -> None:
    """Raise `UsageError` for pictures of a training split in a small part of the range of pixels."""
    if spec.kind != "image" or split.prepare is not None or name != "train":
        return
    source = split.columns[spec.input]
    if source.in_memory and 0 < _extremes(source)[1] <= 1:
        raise UsageError(
            f"image must have values 0..255; those of the {name} split of {spec.name} are 0..1: multiply them by 255"
        )


def _extremes(source: Source) -> tuple[float, float]:
    """The smallest and the largest value."""
    ends = [(block.min(), block.max()) for block in blocks(source)]
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))
