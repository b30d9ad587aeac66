"""The evidence lower bound of a variational autoencoder, and what learns by it.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014, section 2.3, appendices B and C.1.
"""

from __future__ import annotations

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner

ops = keras.ops


def kl(mean, log_variance):
    """Of the Gaussians (batch, width) from the standard normal distribution, in nats: (batch,)."""
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=-1)


def reconstruction(pictures, logits):
    """Minus the log-likelihood of `pictures`, pixels 0..255, under Bernoulli `logits` of a shape, in nats: (batch,).

    A pixel, divided by 255, is the share in which it is white.
    """
    logits = ops.cast(logits, "float32")
    losses = ops.softplus(logits) - ops.cast(pictures, "float32") / 255 * logits
    return ops.sum(losses, axis=tuple(range(1, len(losses.shape))))


class Variational(Learner):
    """Trains the `encoder` and the `decoder` that are parts of a `network` by minus the evidence lower bound, in nats.

    It is the sum of the two losses, estimated from one code for each picture. In training the noise in the codes comes
    from random numbers that `seed` begins. In evaluation it is decided by how many pictures came before, so that an
    evaluation is the same whenever it is made, and moves nothing.
    """

    losses_named = ("reconstruction", "kl")

    def __init__(self, network: keras.Model, seed: int):
        super().__init__(network)
        self.noise, self.evaluation_noise = keras.random.SeedGenerator(seed), keras.random.SeedGenerator(0)

    def named_losses(self, x, y, outputs, weights, training):
        mean, log_variance = (ops.cast(outputs[name], "float32") for name in ("mean", "log_variance"))
        code = mean + ops.exp(log_variance / 2) * keras.random.normal(
            ops.shape(mean), dtype="float32", seed=self.noise if training else self._noise_of_place()
        )
        logits = self.network.get_layer("decoder")(code, training=training)
        return {
            "reconstruction": _mean(reconstruction(x, logits), weights),
            "kl": _mean(kl(mean, log_variance), weights),
        }

    def _noise_of_place(self) -> keras.random.SeedGenerator:
        """Random numbers that begin at the number of pictures since Keras has set the means back, as it does first."""
        state = self.evaluation_noise.state
        before = ops.cast(self.means["kl"].count.value, state.dtype)
        state.assign(ops.stack([before, ops.zeros_like(before)]))
        return self.evaluation_noise


def _mean(values, weights):
    """That of `values` (batch,), by `weights` of a shape where they are given."""
    if weights is None:
        return ops.mean(values)
    return ops.sum(weights * values) / ops.maximum(ops.sum(weights), 1e-12)
