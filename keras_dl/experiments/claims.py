"""What the literature says, and whether it was found."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from keras_dl.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """A sentence of the literature, and the measurements that decide whether it holds here.

    It holds when the mean of `measured` keeps the bounds; an `exact` one when every value does. What is not a number
    keeps no bound.
    """

    text: str
    """what the literature says, with its source"""
    quantity: str
    """what was measured"""
    measured: np.ndarray | float
    """one value a seed, or one where nothing is random"""
    at_least: float | None = None
    """lower bound"""
    at_most: float | None = None
    """upper bound"""
    unit: str = ""
    """unit of `measured` and the bounds"""
    published: str = ""
    """the figure that the literature gives"""
    exact: bool = False
    """whether it follows from the definitions, so that it must hold at any size and seed"""
    reason: str = ""
    """why it does not hold here, where that is known"""

    def __post_init__(self):
        values = np.atleast_1d(np.asarray(self.measured, "float64"))
        if values.ndim != 1 or not len(values):
            raise ValueError(f"a claim takes one value a seed, got the shape {values.shape}: {self.text}")
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"a claim without a bound cannot fail: {self.text}")
        object.__setattr__(self, "measured", values)

    @property
    def held(self) -> bool:
        values = self.measured if self.exact else self.measured.mean(keepdims=True)
        low = -np.inf if self.at_least is None else self.at_least
        high = np.inf if self.at_most is None else self.at_most
        return bool(np.all((low <= values) & (values <= high)))

    @property
    def verdict(self) -> str:
        if self.held:
            return "held"
        return f"did not hold: {self.reason}" if self.reason else "did not hold"

    @property
    def found(self) -> str:
        """The mean and, over several seeds, the spread (standard deviation) of what was measured."""
        mean, unit = self.measured.mean(), f" {self.unit}" if self.unit else ""
        if len(self.measured) == 1:
            return f"{_number(mean)}{unit}"
        return f"{_number(mean)} ± {_number(self.measured.std())}{unit}"

    @property
    def bounds(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.at_least is None:
            return f"at most {_number(self.at_most)}{unit}"
        if self.at_most is None:
            return f"at least {_number(self.at_least)}{unit}"
        return f"{_number(self.at_least)} to {_number(self.at_most)}{unit}"

    def to_json(self) -> dict[str, Any]:
        """Every field, and "held"; `from_json` reads it."""
        return {**dataclasses.asdict(self), "measured": self.measured.tolist(), "held": self.held}

    @classmethod
    def from_json(cls, value: Any) -> Claim:
        """The claim that `to_json` gave. Raises `UsageError` for anything else."""
        try:
            return cls(**{field.name: value[field.name] for field in dataclasses.fields(cls)})
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"this is not a claim: {str(value)[:80]} ({error})") from error


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
