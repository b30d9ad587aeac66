"""The annotations of a frozen dataclass, enforced."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal

from keras_dl.errors import UsageError, choose


def check_fields(instance: Any) -> None:
    """Make every field of the dataclass `instance` what its annotation says: lists become tuples, ints floats.

    For `__post_init__`. Raises `UsageError` naming the field and what was received.
    """
    hints = typing.get_type_hints(type(instance))
    for field in dataclasses.fields(instance):
        value = _checked(field.name, getattr(instance, field.name), hints[field.name])
        object.__setattr__(instance, field.name, value)


def _checked(name: str, value: Any, hint: Any) -> Any:
    """`value` as the annotation `hint` wants it, or a `UsageError`."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return choose(name, value, arguments)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        errors = []
        for option in arguments:
            try:
                return _checked(name, value, option)
            except UsageError as error:
                errors.append(error)
        raise errors[0]
    if origin is tuple:
        if not isinstance(value, tuple | list):
            raise UsageError(f"{name} must be a list of values, got {value!r}")
        items = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        if len(items) != len(value):
            raise UsageError(f"{name} must have {len(items)} values, got {len(value)}: {value!r}")
        return tuple(_checked(name, item, item_hint) for item, item_hint in zip(value, items, strict=True))
    if hint is float and type(value) is int:
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise UsageError(f"{name} must be {hint.__name__}, got {value!r}")
    return value
