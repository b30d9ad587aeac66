"""How a network is trained, apart from what it is and what it is trained on."""

from __future__ import annotations

import dataclasses

from keras_dl.accelerate.options import TENSORFLOW, Acceleration
from keras_dl.errors import UsageError
from keras_dl.fields import Count, Seed, check_fields
from keras_dl.training.initialization import Scheme
from keras_dl.training.regularization import Regularization
from keras_dl.training.updates import Updates


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(Updates, Regularization, Acceleration):
    """The options of one training. Raises `UsageError` for values that cannot train."""

    epochs: Count = 10
    """passes over the training split"""
    batch_size: Count = 32
    """examples per step"""
    initialization: Scheme | None = None
    """draw the kernels anew before training: zeros, constant (0.1), small (deviation 0.01), large (1), xavier
    (sqrt(1/n) for n weights into a unit) or he (sqrt(2/n)); by default they stay as the network has them"""
    freeze: tuple[str, ...] = ()
    """stages that stay as they are, such as stem and stage1, statistics of batch normalisation included"""
    lora: Count | None = None
    """train low-rank adapters of the dense layers, of so many directions, and a classifier's head; all else stays"""
    patience: Count | None = None
    """stop after so many epochs in which what the task watches, the validation loss or its objective, has not become
    better, and go back to the best weights"""
    seed: Seed = 0
    """decides the initial weights, the order of the data and all noise"""

    def __post_init__(self):
        check_fields(self)
        Updates.__post_init__(self)
        Acceleration.__post_init__(self)
        if self.lora is not None:
            for name in ("freeze", "initialization", "l1", "l2", "max_norm"):
                if getattr(self, name):
                    raise UsageError(f"lora trains no kernels of the network, so {name} has no effect; leave it out")
        for name in ("gradient_accumulation_steps", "global_clipnorm"):
            if getattr(self, name) is not None and self.strategy in TENSORFLOW:
                raise UsageError(
                    f"{name} takes no strategy={self.strategy}: Keras would apply it to each device by itself"
                )
