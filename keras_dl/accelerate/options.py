"""What makes a training faster or smaller without changing what is trained."""

from __future__ import annotations

import dataclasses
from typing import Literal

from keras_dl.errors import UsageError
from keras_dl.fields import Count

Precision = Literal["float32", "bfloat16", "float16"]
Strategy = Literal["mirrored", "multi_worker", "tpu", "data_parallel", "model_parallel"]
TENSORFLOW = ("mirrored", "multi_worker", "tpu")
"""the strategies of TensorFlow; the others are those of Keras on JAX"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Acceleration:
    """The options of speed of one training."""

    deterministic: bool = True
    """use deterministic operations, so that a run can be repeated to the bit"""
    xla: bool | Literal["auto"] = False
    """compile the training step with XLA; auto times steps with and without, with and without oneDNN, by one
    thread and by all"""
    precision: Precision = "float32"
    """what layers compute in; weights stay float32, and float16 scales the loss. Most CPUs are slower in halves"""
    steps_per_execution: Count = 1
    """training steps per call of the compiled program"""
    rematerialize: bool = False
    """compute activation functions, and what else lies within a stage of the network, again in the backward pass
    instead of keeping it, to save memory"""
    strategy: Strategy | None = None
    """train on several devices: mirrored, tpu and, on several machines, multi_worker with TensorFlow, data_parallel and
    model_parallel with KERAS_BACKEND=jax"""

    def __post_init__(self):
        if self.xla and self.deterministic:
            why = "what is fastest may change from run to run" if self.xla == "auto" else "it has no deterministic form"
            raise UsageError(f"xla={self.xla} needs deterministic=False: {why}")
        if self.xla and self.strategy is not None:
            raise UsageError(f"xla={self.xla} is for one device, so it takes no strategy; got strategy={self.strategy}")
