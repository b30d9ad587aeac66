"""What a network is: a frozen dataclass whose marked fields say how it grows wider and deeper."""

from __future__ import annotations

import dataclasses
import json
import math
import reprlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from keras_dl.errors import UsageError, choose
from keras_dl.fields import Positive, check_fields, checked
from keras_dl.lazy import settings_of_keras

if TYPE_CHECKING:
    import keras

    from keras_dl.data import Spec


MOST = 2**20
"""what no number of a field exceeds: units, maps, classes, pixels; published networks stay far below"""
MOST_LAYERS = 1000
"""the sum of the fields that make a network deeper, and the items of a list"""
MOST_INPUTS = 2**28
"""numbers in one input: a gigabyte"""


DATA_FIELDS: dict[str, Callable[[Spec], Any]] = {
    "input_shape": lambda spec: spec.shape,
    "classes": lambda spec: spec.outputs,
    "vocabulary_size": lambda spec: _tokens(spec, 0),
    "source_vocabulary_size": lambda spec: _tokens(spec, 0),
    "target_vocabulary_size": lambda spec: _tokens(spec, 1),
    "series": lambda spec: spec.shape if spec.kind == "series" else None,
    "edges": lambda spec: spec.columns[name].shape[1] if (name := spec.find("edges")) else None,
    "entities": lambda spec: spec.columns[name].classes if (name := spec.find("triple")) else None,
    "relations": lambda spec: len(spec.columns[name].names) if (name := spec.find("triple")) else None,
}
"""what fields are called that the data decide, in every network, and how; None leaves them as they are"""


@dataclasses.dataclass(frozen=True)
class Scale:
    """How a field scales: its axis, the range that a search covers, and the step that every value keeps to."""

    axis: Literal["width", "depth"]
    low: float
    high: float
    multiple_of: int = 1

    def apply(self, value, factor: float):
        """`value` (a number, or a tuple of them) times `factor`, kept valid: whole numbers stay whole and positive."""
        if isinstance(value, tuple):
            return tuple(self.apply(item, factor) for item in value)
        if isinstance(value, float):
            return value * factor
        return max(1, round(value * factor / self.multiple_of)) * self.multiple_of


def width(default, *, low: float, high: float, multiple_of: int = 1):
    """Declare a dataclass field that makes the network wider: units, filters, heads, or a multiplier of them.

    `low` and `high` bound each number of the field in a search; whole values are multiples of `multiple_of`.
    """
    return dataclasses.field(default=default, metadata={"scale": Scale("width", low, high, multiple_of)})


def depth(default, *, low: int, high: int):
    """Declare a dataclass field that makes the network deeper: layers or blocks, `low` to `high` in a search."""
    return dataclasses.field(default=default, metadata={"scale": Scale("depth", low, high)})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """The declaration of a network. Subclasses add fields in the words of the paper and refuse what cannot be built.

    Every field is checked against its annotation; lists become tuples. Raises `UsageError`.
    """

    task: ClassVar[str]
    foreign: ClassVar[bool] = False
    """whether `build` runs code of the user's that may do anything: a search leaves it to children"""
    training: ClassVar[Mapping[str, Any]] = {}
    """options of a training from the start that commands take unless they are given, such as its learning_rate"""
    by_inputs: ClassVar[tuple[str, ...]] = ()
    """ends of the names of layers whose kernels model_parallel divides by their inputs, as those are the outputs of a
    divided layer (Shoeybi et al. 2019, "Megatron-LM", section 3); of the others it divides the outputs"""
    compiles_itself: ClassVar[bool] = False
    """whether `build` may give a compiled model, whose optimizer and loss then stay"""

    def __post_init__(self):
        check_fields(self)
        for name in self.scales():
            value = getattr(self, name)
            numbers = value if isinstance(value, tuple) else (value,)
            if any(number <= 0 for number in numbers):
                least = "above 0" if isinstance(numbers[0], float) else "at least 1"
                raise UsageError(f"{name} must be {least}, got {_shown(value)}")
        self._check_limits()

    def _check_limits(self) -> None:
        """Refuse what no machine could build: it would end in hours, or with the memory."""
        layers = 0
        for field in dataclasses.fields(self):
            numbers = list(_numbers(value := getattr(self, field.name)))
            if isinstance(value, tuple) and len(value) > MOST_LAYERS:
                raise UsageError(f"{field.name} must have at most {MOST_LAYERS:,} values, got {len(value):,}")
            if any(abs(number) > MOST or not math.isfinite(number) for number in numbers):
                raise UsageError(f"{field.name} must be finite and at most {MOST:,}, got {reprlib.repr(value)}")
            if "scale" in field.metadata and field.metadata["scale"].axis == "depth":
                layers += sum(numbers)
        if layers > MOST_LAYERS:
            raise UsageError(
                f"this {self.family} would have {layers:,} layers or blocks; at most {MOST_LAYERS:,} are built"
            )
        if math.prod(shape := getattr(self, "input_shape", ())) > MOST_INPUTS:
            raise UsageError(f"inputs of shape {shape} have more than {MOST_INPUTS:,} numbers")

    @property
    def family(self) -> str:
        """The name of the module that declares this network."""
        return type(self).__module__.rpartition(".")[2]

    def build(self) -> keras.Model:
        """The network, with freshly initialised weights."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 100_000))  # Keras walks the graph of a 1202-layer network recursively
        try:
            with settings_of_keras():
                return sys.modules[type(self).__module__].build(self)
        finally:
            sys.setrecursionlimit(limit)

    def replace(self, /, **changes) -> Self:
        """A copy with some fields changed. Unknown names raise `UsageError` with the nearest fields."""
        for name in changes:
            choose(f"field of {self.family}", name, (field.name for field in dataclasses.fields(self)))
        return dataclasses.replace(self, **changes)

    def scales(self) -> dict[str, Scale]:
        """The fields marked by `width()` and `depth()`."""
        return {f.name: f.metadata["scale"] for f in dataclasses.fields(self) if "scale" in f.metadata}

    def scaled(self, *, width: float = 1, depth: float = 1) -> Self:
        """A copy whose width fields are `width` times as wide and whose depth fields are `depth` times as deep."""
        changes = {}
        for axis, factor in (("width", width), ("depth", depth)):
            names = [name for name, scale in self.scales().items() if scale.axis == axis]
            checked(f"the factor of {axis}", factor, Positive)
            if factor != 1 and not names:
                raise UsageError(f"{self.family} has no {axis} to scale; it has {_shown(sorted(self.scales()))}")
            changes |= {name: self.scales()[name].apply(getattr(self, name), factor) for name in names}
        return self.replace(**changes)

    @property
    def own_space(self) -> dict[str, Any] | None:
        """The space that it brings for searches, as KerasTuner's `get_config` gives it; None for that of its scales."""
        return None

    def with_values(self, values: dict[str, Any]) -> Self:
        """A copy for `values` of hyperparameters of its `own_space`, by name."""
        return self.replace(**values)

    @property
    def follows_data(self) -> tuple[str, ...]:
        """The fields that `for_data` sets, whatever they were."""
        return tuple(field.name for field in dataclasses.fields(self) if field.name in DATA_FIELDS)

    def for_data(self, spec: Spec) -> Self:
        """A copy for these data: those of `DATA_FIELDS` that it has, as `spec` has them, encoded by the task.

        Raises `UsageError` for texts and sounds where numbers are wanted.
        """
        if "input_shape" in self.follows_data:
            spec.check_numbers(self.family)
        found = {name: of_spec(spec) for name, of_spec in DATA_FIELDS.items() if name in self.follows_data}
        return self.replace(**{name: value for name, value in found.items() if value is not None})

    def fresh_from(self, own: Self) -> tuple[str, ...]:
        """The stages that begin anew with the weights of a network `own`, which differs in its classes or its input."""
        return () if getattr(self, "classes", None) == getattr(own, "classes", None) else ("head",)

    def to_json(self) -> str:
        """The family and every field, as one JSON object; `keras_dl.catalogue.read_config` reads it."""
        return json.dumps({"family": self.family, **dataclasses.asdict(self)}, indent=2)


def _tokens(spec: Spec, place: int) -> int | None:
    """How many tokens there are in the first or second column of them."""
    sizes = [column.classes for column in spec.columns.values() if column.kind == "tokens"]
    return sizes[place] if place < len(sizes) else None


def _numbers(value) -> Iterator[float]:
    """The numbers in the value of a field."""
    if isinstance(value, tuple):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float):
        yield value


def _shown(value) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple | list) else str(value)
