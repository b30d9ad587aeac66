"""Annotations of options are enforced, and so are the bounds that they name."""

import dataclasses
from typing import Annotated

import numpy as np
import pytest

from keras_dl import UsageError
from keras_dl.fields import (
    Bounds,
    Count,
    Counts,
    Fraction,
    Growing,
    NotNegative,
    Positive,
    Seed,
    Share,
    at_least,
    check_fields,
    multiple_of,
)


@dataclasses.dataclass(frozen=True)
class _Options:
    count: Count = 1
    rate: Positive = 0.5
    weight: NotNegative = 0.0
    dropout: Share = 0.0
    units: Counts = (1,)
    widths: Growing = (1, 2)
    limit: Count | None = None
    classes: Annotated[int, at_least(2)] = 2
    steps: Annotated[int, multiple_of(5)] = 5
    seed: Seed = 0
    part: Fraction = 0.5
    sizes: dict[str, int] = dataclasses.field(default_factory=dict)
    pairs: Annotated[tuple[Count, ...], Bounds("pairs", lambda value: len(value) % 2 == 0)] = ()

    def __post_init__(self):
        check_fields(self)


def test_what_is_within_the_bounds_stays():
    values = dict(
        count=3, rate=1e9, weight=2.0, dropout=0.99, units=(4, 1), widths=(3, 9), limit=7, classes=2, steps=10
    )
    defaults = {"seed": 0, "part": 0.5, "sizes": {}}
    assert dataclasses.asdict(_Options(**values, pairs=(1, 2))) == values | defaults | {"pairs": (1, 2)}
    numbers = _Options(count=np.int64(3), rate=np.float32(0.5), sizes={"a": np.uint8(3)})
    assert (numbers.count, numbers.rate, numbers.sizes) == (3, 0.5, {"a": 3})
    assert type(numbers.count) is int and type(numbers.rate) is float
    assert _Options(rate=2, units=[3]) == _Options(rate=2.0, units=(3,))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"count": 1.5}, "count must be int, got 1.5"),
        ({"rate": 0.0}, "rate must be above 0 and finite, got 0.0"),
        ({"rate": float("inf")}, "rate must be above 0 and finite, got inf"),
        ({"rate": float("nan")}, "rate must be above 0 and finite, got nan"),
        ({"weight": -1}, "weight must be at least 0 and finite, got -1.0"),
        ({"dropout": 1}, "dropout must be at least 0 and below 1, got 1.0"),
        ({"units": ()}, r"units must be one number or more, got \(\)"),
        ({"units": (2, 0)}, "units must be at least 1, got 0"),
        ({"widths": (2,)}, r"widths must be two or more growing numbers, got \(2,\)"),
        ({"widths": (2, 2)}, r"widths must be two or more growing numbers, got \(2, 2\)"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"steps": 0}, "steps must be a positive multiple of 5, got 0"),
        ({"steps": 7}, "steps must be a positive multiple of 5, got 7"),
        ({"count": np.bool_(True)}, r"count must be int, got np\.True_"),
        ({"seed": -1}, r"seed must be at least 0 and below 2\*\*32, got -1"),
        ({"seed": 2**32}, r"seed must be at least 0 and below 2\*\*32, got 4294967296"),
        ({"seed": 10**5000}, r"seed must be at least 0 and below 2\*\*32, got a number of 16,610 bits"),
        ({"rate": 10**400}, "rate must be float, got a number that is too large for it"),
        ({"part": 1}, "part must be above 0 and below 1, got 1.0"),
        ({"sizes": {"a": "b"}}, r"sizes\['a'\] must be int, got 'b'"),
        ({"sizes": {1: 2}}, "sizes must be str, got 1"),
        ({"sizes": [1]}, r"sizes must be dict, got \[1\]"),
        ({"count": np.zeros((3, 3))}, r"count must be int, got array\(.*\)"),
        ({"pairs": (1,)}, r"pairs must be pairs, got \(1,\)"),
        ({"pairs": (1, 0)}, "pairs must be at least 1, got 0"),
    ],
)
def test_what_is_outside_is_named(option, words):
    with pytest.raises(UsageError, match=f"^{words}$"):
        _Options(**option)
