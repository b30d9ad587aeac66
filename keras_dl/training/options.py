"""How a network is trained, apart from what it is and what it is trained on."""

from __future__ import annotations

import dataclasses
from typing import Literal

from keras_dl.errors import UsageError
from keras_dl.fields import check_fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """The options of one training. Raises `UsageError` for values that cannot train."""

    epochs: int = 10
    """passes over the training split"""
    batch_size: int = 32
    """examples per step"""
    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "adam"
    """update rule; momentum is SGD with Nesterov momentum 0.9"""
    learning_rate: float = 1e-3
    """step size at the start"""
    schedule: Literal["constant", "cosine"] = "constant"
    """how the learning rate develops: cosine warms up for 5 % of the steps, then falls to 0"""
    weight_decay: float = 0.0
    """decoupled weight decay per step, times the learning rate"""
    drloc: float = 0.0
    """weight of dense relative localization, a further loss on the last map of the network; 0 leaves it out"""
    patience: int | None = None
    """stop after so many epochs without a lower validation loss, and go back to the best weights"""
    seed: int = 0
    """decides the initial weights, the order of the data and all noise"""
    deterministic: bool = True
    """use deterministic operations, so that a run can be repeated to the bit"""
    xla: bool = False
    """compile the training step with XLA"""

    def __post_init__(self):
        check_fields(self)
        for name, least in (("epochs", 1), ("batch_size", 1), ("patience", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} must be at least {least}, got {value}")
        if not 0 < self.learning_rate < float("inf"):
            raise UsageError(f"learning_rate must be above 0 and finite, got {self.learning_rate}")
        if not 0 <= self.weight_decay < 1:
            raise UsageError(f"weight_decay must be at least 0 and below 1, got {self.weight_decay}")
        if not 0 <= self.drloc < float("inf"):
            raise UsageError(f"drloc must be at least 0 and finite, got {self.drloc}")
        if self.xla and self.deterministic:
            raise UsageError("xla=True needs deterministic=False: TensorFlow has no deterministic XLA on every device")
