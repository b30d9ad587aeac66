"""Multilayer perceptrons of any depth that have as many parameters as others, so that they can be compared."""

from __future__ import annotations

import bisect

from keras_dl.catalogue.describe import describe
from keras_dl.config import Config
from keras_dl.errors import UsageError

TOLERANCE = 5.0
"""how far the parameters may be from those that are wanted, %"""


def matched_width(config: Config, depth: int, parameters: int) -> Config:
    """The multilayer perceptron like `config` of `depth` hidden layers, as wide as comes nearest to `parameters`.

    Raises `UsageError` if that is not within `TOLERANCE`.
    """

    def sized(units: int) -> Config:
        return config.replace(hidden=(units,), depth=depth)

    def count(units: int) -> int:
        return describe(sized(units)).parameters

    large = 1 + bisect.bisect_left(range(1, parameters), parameters, key=count)
    nearest = min((max(1, large - 1), large), key=lambda units: abs(count(units) - parameters))
    found = count(nearest)
    if abs(found / parameters - 1) > TOLERANCE / 100:
        raise UsageError(
            f"no network of {depth} hidden layers is near {parameters} parameters, the nearest has {found}"
        )
    return sized(nearest)
