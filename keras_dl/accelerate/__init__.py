"""How fast a training runs, and on what: XLA, precision, memory for time, several devices."""

from __future__ import annotations

from keras_dl.accelerate.options import Acceleration

__all__ = ["Acceleration"]
