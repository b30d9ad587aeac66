"""Data sets are held in memory; one that does not fit is refused before it is read."""

from __future__ import annotations

import math

import psutil

from keras_dl.errors import UsageError

COPIES = 2  # the arrays, and either what a split takes of them or what TensorFlow holds


def check_fits(name: str, examples: int, shape: tuple[int, ...], bytes_per_value: int) -> None:
    """Raise `UsageError` if `examples` inputs of `shape` take more memory than is free."""
    needed = COPIES * examples * math.prod(shape) * bytes_per_value
    free = psutil.virtual_memory().available
    if needed > free:
        advice = "use a smaller image_size" if len(shape) == 3 else "use fewer examples"
        raise UsageError(
            f"{name} needs {needed / 1e9:,.1f} GB of memory for {examples:,} examples of {shape}, "
            f"{free / 1e9:.1f} GB are free; {advice}"
        )
