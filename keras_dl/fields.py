"""The annotations of a frozen dataclass, enforced, and the bounds that they may name.

`steps: Count = 100` is an int that is refused below 1; `rate: Annotated[float, below(9)]` states its own bound. Where
`Bounds(...)` itself stands in an annotation, its function sees no names of the module.
"""

from __future__ import annotations

import dataclasses
import functools
import numbers
import reprlib
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal

from keras_dl.errors import UsageError, choose

NUMBERS = {int: numbers.Integral, float: numbers.Real}
"""of other libraries too: `np.int64(3)` is an int"""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """For `Annotated`: which values of its type a field takes. `words` end the sentence "FIELD must be ..."."""

    words: str
    hold: Callable[[Any], bool]


def at_least(least: int) -> Bounds:
    """`least` and everything above."""
    return Bounds(f"at least {least}", lambda value: value >= least)


def up_to(most: float) -> Bounds:
    """Above 0, `most` included."""
    return Bounds(f"above 0 and at most {most:g}", lambda value: 0 < value <= most)


def below(limit: float) -> Bounds:
    """Above 0, `limit` excluded."""
    return Bounds(f"above 0 and below {limit:g}", lambda value: 0 < value < limit)


def multiple_of(unit: int) -> Bounds:
    """`unit`, twice `unit` and so on."""
    return Bounds(f"a positive multiple of {unit:,}", lambda value: value > 0 and value % unit == 0)


HELD = Bounds("below 2**63", lambda value: value < 2**63)
"""what arrays and tensors can hold"""
Count = Annotated[int, at_least(1), HELD]
NaturalNumber = Annotated[int, at_least(0), HELD]
Positive = Annotated[float, Bounds("above 0 and finite", lambda value: 0 < value < float("inf"))]
NotNegative = Annotated[float, Bounds("at least 0 and finite", lambda value: 0 <= value < float("inf"))]
Fraction = Annotated[float, below(1)]
Seed = Annotated[int, Bounds("at least 0 and below 2**32", lambda value: 0 <= value < 2**32)]
Share = Annotated[float, Bounds("at least 0 and below 1", lambda value: 0 <= value < 1)]
Counts = Annotated[tuple[Count, ...], Bounds("one number or more", lambda values: len(values) > 0)]
Growing = Annotated[
    tuple[Count, ...],
    Bounds("two or more growing numbers", lambda values: len(values) > 1 and list(values) == sorted(set(values))),
]


@functools.cache
def annotations_of(kind: type) -> dict[str, Any]:
    """The annotations of a class by field, evaluated, which takes long."""
    return typing.get_type_hints(kind, include_extras=True)


def check_fields(instance: Any) -> None:
    """Make every field of the dataclass `instance` what its annotation says: lists become tuples, ints floats.

    For `__post_init__`. Raises `UsageError` naming the field and what was received.
    """
    hints = annotations_of(type(instance))
    for field in dataclasses.fields(instance):
        value = checked(field.name, getattr(instance, field.name), hints[field.name])
        object.__setattr__(instance, field.name, value)


def checked(name: str, value: Any, hint: Any) -> Any:
    """`value` as the annotation `hint` wants it; raises `UsageError` saying what `name` must be."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        value = checked(name, value, arguments[0])
        for bounds in arguments[1:]:
            if isinstance(bounds, Bounds) and not bounds.hold(value):
                raise UsageError(f"{name} must be {bounds.words}, got {_short(value)}")
        return value
    if origin is Literal:
        return choose(name, value, arguments)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        errors = []
        for option in arguments:
            try:
                return checked(name, value, option)
            except UsageError as error:
                errors.append(error)
        raise errors[0]
    if origin is tuple:
        if not isinstance(value, tuple | list):
            raise UsageError(f"{name} must be a list of values, got {_short(value)}")
        items = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        if len(items) != len(value):
            raise UsageError(f"{name} must have {len(items)} values, got {len(value)}: {_short(value)}")
        return tuple(checked(name, item, item_hint) for item, item_hint in zip(value, items, strict=True))
    if origin is dict:
        items = checked(name, value, dict).items()
        return {
            checked(name, key, arguments[0]): checked(f"{name}[{key!r}]", item, arguments[1]) for key, item in items
        }
    if hint in NUMBERS and isinstance(value, NUMBERS[hint]) and not isinstance(value, bool):
        try:
            return hint(value)
        except OverflowError:
            raise UsageError(f"{name} must be {hint.__name__}, got a number that is too large for it") from None
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise UsageError(f"{name} must be {hint.__name__}, got {_short(value)}")
    return value


def _short(value: Any) -> str:
    """What was received, on one line and not at any length."""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # Python refuses to write down integers of thousands of digits
        return f"a number of {value.bit_length():,} bits"
