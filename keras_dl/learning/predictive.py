"""A network that tells what comes next from what comes elsewhere: InfoNCE over time.

Van den Oord, Li & Vinyals, "Representation Learning with Contrastive Predictive Coding", arXiv:1807.03748, 2018,
sections 2.2 and 2.3.
"""

from __future__ import annotations

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner

ops = keras.ops
NEVER = -1e9


def info_nce(latents, predictions, going):
    """Of `latents` (batch, frames, width) those that `predictions` (batch, frames, steps, width) are of must be found.

    The prediction of a sound at a frame is compared, by an inner product, with the latents of all sounds of the batch
    so many steps later. Only frames count at which a sound still goes on, `going` (batch, frames) bool, and another one
    does. Gives three means over them, numbers: the cross-entropy in nats, the share found, and that of a guess.
    """
    frames, steps = predictions.shape[1:3]
    sums = [0.0] * 4
    for ahead in range(1, steps + 1):
        there = going[:, ahead:]
        logits = ops.einsum("itw,jtw->tij", predictions[:, : frames - ahead, ahead - 1], latents[:, ahead:])
        logits = ops.where(ops.transpose(there)[:, None], logits, NEVER)
        others = ops.sum(ops.cast(there, "float32"), axis=0)
        counts = ops.cast(ops.logical_and(there, others > 1), "float32")
        own = ops.diagonal(logits, axis1=1, axis2=2)
        found = ops.cast(own >= ops.max(logits, axis=2), "float32")
        values = ops.logsumexp(logits, axis=2) - own, found, 1 / ops.maximum(others, 1.0)[:, None]
        for place, value in enumerate(values):
            sums[place] += ops.sum(value * ops.transpose(counts))
        sums[3] += ops.sum(counts)
    return tuple(total / ops.maximum(sums[3], 1.0) for total in sums[:3])


class Predictive(Learner):
    """Trains a `network` from sounds to `latents` and `predictions`.

    x are sounds (batch, samples), y how many samples each goes on, (batch,). "accuracy" is the share of latents that
    are found among those of the batch, "chance" what guesses would find.
    """

    losses_named = ("info_nce",)
    logged = ("accuracy", "chance")

    def named_losses(self, x, y, outputs, weights, training):
        latents, predictions = (ops.cast(outputs[name], "float32") for name in ("latents", "predictions"))
        frames = latents.shape[1]
        begins = ops.arange(frames, dtype="float32") * (x.shape[1] / frames)
        going = begins[None] < ops.cast(y, "float32")[:, None]
        loss, *self._found = info_nce(latents, predictions, going)
        return {"info_nce": loss}

    def measures(self, x, y, outputs, weights):
        return dict(zip(("accuracy", "chance"), self._found, strict=True))

    def count(self, x, y, weights):
        return ops.shape(x)[0]
