"""What makes one trained network better than another: a metric and its direction."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal


@dataclasses.dataclass(frozen=True)
class Objective:
    """A `metric` of the validation split, as Keras logs it after "val_", and whether more or less of it is better.

    `worst` is its worst value, if there is one: 0 for shares of a whole, such as an accuracy.
    """

    metric: str
    direction: Literal["max", "min"]
    worst: float | None = None

    @property
    def key(self) -> str:
        """Its name in the rows of a training."""
        return f"val_{self.metric}"

    @property
    def words(self) -> str:
        """Its name for people to read."""
        return self.metric.replace("_", " ")

    def shown(self, value: float) -> str:
        """Its name and `value` for people to read: a share in per cent."""
        return f"{self.words} {100 * value:.2f} %" if self.worst == 0 else f"{self.words} {value:.4f}"

    def shown_among(self, scores: dict[str, float]) -> str:
        """It alone if it is one of the `scores`, by name, else all of them, for people to read."""
        if self.metric in scores:
            return self.shown(scores[self.metric])
        found = [f"{name.replace('_', ' ')} {value:.4f}" for name, value in scores.items()]
        return ", ".join(found) or "no score that the network alone decides"

    def rank(self, value: float) -> float:
        """A number that is the smaller the better `value` is; not a number is worse than all."""
        if math.isnan(value):
            return math.inf
        return -value if self.direction == "max" else value


ACCURACY = Objective("accuracy", "max", worst=0.0)
LOSS = Objective("loss", "min")
