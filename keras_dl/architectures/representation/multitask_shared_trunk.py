"""Several targets by one network: a trunk that all share, and a head for each.

Caruana, "Multitask Learning", Machine Learning 28, 1997, figure 2. Input: `features`, (batch, *input_shape), flattened;
outputs: for each target, by its name, (batch, its outputs): the logits of classes, or numbers.

    name                    parameters  trunk       heads
    multitask_shared_trunk      26,380  64-128-128  class of 10, odd of 2

A trunk of n layers of h units and heads of k outputs in all make (d + 1) h + (n - 1) (h + 1) h + (h + 1) k parameters
for d inputs. Caruana's networks have one hidden layer of sigmoid units; rectifiers are used here. Which targets there
are is decided by the data, in the task multi_task, whose loss is the weighted sum of theirs.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Self

from keras_dl.config import Config, depth, width
from keras_dl.errors import UsageError
from keras_dl.fields import Counts, Share
from keras_dl.lazy import keras

if TYPE_CHECKING:
    from keras_dl.data import Spec


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultitaskSharedTrunk(Config):
    """A multilayer perceptron with several heads."""

    task: ClassVar[str] = "multi_task"

    input_shape: Counts = (64,)
    """shape of one input, flattened first"""
    units: int = width(128, low=8, high=1024)
    """units of each layer of the trunk"""
    layers: int = depth(2, low=1, high=8)
    """layers of the trunk"""
    targets: tuple[str, ...] = ("class", "odd")
    """names of the targets"""
    outputs: Counts = (10, 2)
    """outputs for each of them: its classes, or numbers"""
    dropout: Share = 0.0
    """fraction of the units of the trunk dropped"""
    input_scale: float = 1.0
    """factor on the inputs, 1/255 for pixels"""

    def __post_init__(self):
        super().__post_init__()
        if len(set(self.targets)) != len(self.outputs):
            raise UsageError(f"{len(self.outputs)} outputs need as many different targets, got {self.targets}")

    def for_data(self, spec: Spec) -> Self:
        return super().for_data(spec).replace(input_scale=1 / 255 if spec.kind == "image" else 1.0)


def build(config: MultitaskSharedTrunk) -> keras.Model:
    inputs = keras.Input(config.input_shape, name="features")
    x = keras.layers.Flatten(name="flatten")(inputs)
    if config.input_scale != 1:
        x = keras.layers.Rescaling(config.input_scale, name="rescaling")(x)
    for index in range(1, config.layers + 1):
        x = keras.layers.Dense(config.units, activation="relu", name=f"stage{index}")(x)
        if config.dropout:
            x = keras.layers.Dropout(config.dropout, name=f"stage{index}_dropout")(x)
    heads = enumerate(zip(config.targets, config.outputs, strict=True), start=1)
    outputs = {name: keras.layers.Dense(count, name=f"head_{index}")(x) for index, (name, count) in heads}
    return keras.Model(inputs, outputs, name="multitask_shared_trunk")


VARIANTS = {"multitask_shared_trunk": MultitaskSharedTrunk()}
PAPERS = {"multitask_shared_trunk": ("Multitask Learning", "1997")}
