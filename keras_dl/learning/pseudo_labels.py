"""Pseudo-labels: a network's own answers for examples without labels, learned as if they were right.

Lee, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks", ICML 2013
Workshop on Challenges in Representation Learning, equations 14 to 16.
"""

from __future__ import annotations

from keras_dl.data.partly_labelled import UNLABELLED
from keras_dl.lazy import keras
from keras_dl.learning.labels import hits
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops


def ramp(epoch: int, *, t1: int, t2: int, final: float) -> float:
    """The weight of the examples without labels in `epoch`: 0 up to `t1`, `final` from `t2` on, linear between."""
    return final * min(max((epoch - t1) / (t2 - t1), 0.0), 1.0)


class PseudoLabelled(Learner):
    """Trains a `network` with an output for each class by labels (batch,), of which some are `UNLABELLED`.

    The losses of a batch are the mean `loss` of its labelled examples, and alpha times that of the others, whose label
    is the class of the largest output at this step; alpha follows `ramp` over the epochs. What is logged are means over
    the examples of each kind, and "accuracy" is that of the labelled.
    """

    losses_named = ("labelled", "unlabelled")
    logged = ("accuracy",)

    def __init__(self, network: keras.Model, loss: keras.losses.Loss, *, t1: int, t2: int, final: float):
        super().__init__(network)
        self.loss_of = loss
        self.t1, self.t2, self.final = t1, t2, final
        self.alpha = self.add_weight(shape=(), initializer="zeros", trainable=False, name="alpha")

    def begin_epoch(self, epoch, seed):
        self.alpha.assign(ramp(epoch, t1=self.t1, t2=self.t2, final=self.final))

    def named_losses(self, x, y, outputs, weights, training):
        known = ops.not_equal(y, UNLABELLED)
        guesses = ops.cast(ops.argmax(outputs, axis=-1), y.dtype)
        losses = self.loss_of.call(ops.where(known, y, guesses), ops.cast(outputs, "float32"))
        known, weights = ops.cast(known, "float32"), ops.ones_like(losses) if weights is None else weights
        self._of_kind = {"labelled": known * weights, "unlabelled": (1 - known) * weights}
        means = {kind: weighted_mean(losses, of_kind) for kind, of_kind in self._of_kind.items()}
        return {"labelled": means["labelled"], "unlabelled": self.alpha * means["unlabelled"]}

    def measures(self, x, y, outputs, weights):
        return {"accuracy": weighted_mean(hits(y, outputs), self._of_kind["labelled"])}

    def log(self, name, value, count):
        super().log(name, value, ops.sum(self._of_kind["unlabelled" if name == "unlabelled" else "labelled"]))
