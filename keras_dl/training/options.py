"""How a network is trained, apart from what it is and what it is trained on."""

from __future__ import annotations

import dataclasses

from keras_dl.errors import UsageError
from keras_dl.fields import check_fields
from keras_dl.training.initialization import Scheme
from keras_dl.training.regularization import Regularization
from keras_dl.training.updates import Updates


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Updates, Regularization):
    """The options of one training. Raises `UsageError` for values that cannot train."""

    epochs: int = 10
    """passes over the training split"""
    batch_size: int = 32
    """examples per step"""
    initialization: Scheme | None = None
    """draw the kernels anew before training: zeros, constant (0.1), small (deviation 0.01), large (1), xavier
    (sqrt(1/n) for n weights into a unit) or he (sqrt(2/n)); by default they stay as the network has them"""
    freeze: tuple[str, ...] = ()
    """stages that stay as they are, such as stem and stage1, statistics of batch normalisation included"""
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
        Updates.__post_init__(self)
        Regularization.__post_init__(self)
        for name, least in (("epochs", 1), ("batch_size", 1), ("patience", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} must be at least {least}, got {value}")
        if not 0 <= self.drloc < float("inf"):
            raise UsageError(f"drloc must be at least 0 and finite, got {self.drloc}")
        if self.xla and self.deterministic:
            raise UsageError("xla=True needs deterministic=False: TensorFlow has no deterministic XLA on every device")
