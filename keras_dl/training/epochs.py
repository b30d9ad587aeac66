"""The batches of a training, an epoch at a time."""

from __future__ import annotations

import math
from collections.abc import Callable

from keras_dl.accelerate.batches import refilled
from keras_dl.data import Split
from keras_dl.data.split import Arrange
from keras_dl.lazy import tf
from keras_dl.training.options import Options


class Epochs:
    """Epochs of `split` in an order that (`options.seed`, epoch) decides, of `steps` batches each.

    They are arranged, and changed by `augment` and `mix`, as in `Split.shuffled`; with xla or a strategy all batches
    have one size.
    """

    def __init__(
        self,
        split: Split,
        options: Options,
        arrange: Arrange | None = None,
        augment: Callable | None = None,
        mix: Callable | None = None,
    ):
        self.steps = math.ceil(len(split) / options.batch_size)
        with tf.device("CPU"):  # where the input pipeline reads them
            self._epoch, self._step = tf.Variable(0, dtype="int64"), tf.Variable(0, dtype="int64")
        self._batches = split.shuffled(
            options.batch_size,
            seed=options.seed,
            epoch=self._epoch,
            first_step=self._step,
            arrange=arrange,
            augment=augment,
            mix=mix,
        )
        if (options.xla or options.strategy) and split.drawn is None:
            self._batches = refilled(self._batches, options.batch_size)

    def begin(self, epoch: int, step: int = 0) -> tf.data.Dataset:
        """The batches of `epoch` from `step` on; to be iterated over before the next epoch is begun."""
        self._epoch.assign(epoch)
        self._step.assign(step)
        return self._batches
