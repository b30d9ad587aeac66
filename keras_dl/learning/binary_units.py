"""What tasks share whose networks have binary units, that is, take pictures or shares, and learn without a target."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.learning.task import Task

if TYPE_CHECKING:
    from keras_dl.data import Data


@dataclasses.dataclass(frozen=True, kw_only=True)
class BinaryUnits(Task):
    """Inputs are pictures, pixels 0..255, or features 0..1. Raises `UsageError` for other features."""

    wants = (("image", "features"),)

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        if data.spec.kind == "features":
            check_shares(data)
        return config, data

    def inputs(self, batch):
        return {name: batch[name] for name in ("image", "features") if name in batch}

    def arrange(self, network):
        """What stands for a target only carries the weights of a batch."""

        def arranged(batch, key):
            x = self.taken(network, self.inputs(batch))
            return x, tf.zeros(tf.shape(x)[0])

        return arranged

    def example(self, network, count):
        return np.zeros((count, *network.inputs[0].shape[1:]), "float32"), np.zeros(count, "float32")


def check_shares(data: Data) -> None:
    """Raise `UsageError` for features that are no probabilities of binary units."""
    for name in ("train", "validation", "test"):
        values = getattr(data, name).inputs()
        if not (values.min() >= 0 and values.max() <= 1):
            raise UsageError(
                f"binary units take values 0..1; the {name} features of {data.spec.name} are {values.min():g} to "
                f"{values.max():g}; give shares in an .npz file, as numbers of a table are standardised, or train "
                "an autoencoder"
            )
