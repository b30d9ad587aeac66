"""The evidence lower bound of a variational autoencoder, and what learns by it.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014, section 2.3, appendices B and C.1.
"""

from __future__ import annotations

import numpy as np

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops
PLACES = 4096
"""pictures of an evaluation until their noise comes again"""
CODES = 4096
"""that are decoded at once"""


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


def log_likelihood(network: keras.Model, pictures: np.ndarray, count: int) -> np.ndarray:
    """A lower bound of the log-likelihood of each of `pictures` (n, ...), pixels 0..255, in nats: (n,).

    It is the logarithm of the mean over `count` codes, drawn as the encoder has it, of p(picture, code) / q(code), and
    grows with their number (Burda et al. 2016, section 3). The same noise is drawn each time.
    """
    generator, found = np.random.default_rng(0), []
    for part in np.array_split(pictures, -(-len(pictures) * count // CODES)):
        code = {name: ops.cast(values, "float32") for name, values in network.get_layer("encoder")(part).items()}
        mean, log_variance = code["mean"], code["log_variance"]
        noise = generator.normal(size=(count, *mean.shape)).astype("float32")
        codes = mean + ops.exp(log_variance / 2) * noise
        logits = network.get_layer("decoder")(ops.reshape(codes, (-1, mean.shape[-1])))
        again = np.tile(part, (count, *[1] * (part.ndim - 1)))
        costs = ops.reshape(reconstruction(again, logits), (count, len(part)))
        ratio = 0.5 * ops.sum(noise**2 + log_variance - ops.square(codes), axis=-1)
        found.append(ops.convert_to_numpy(ops.logsumexp(ratio - costs, axis=0)) - np.log(count))
    return np.concatenate(found)


class Variational(Learner):
    """Trains the `encoder` and the `decoder` that are parts of a `network` by minus the evidence lower bound, in nats.

    It is the sum of the two losses, estimated from one code for each picture. In training the noise in the codes comes
    from random numbers that `seed` begins. In evaluation a picture has that of its place among all, so that what is
    found is the same whenever it is looked for, in batches of any size, and moves nothing.
    """

    losses_named = ("reconstruction", "kl")

    def __init__(self, network: keras.Model, seed: int):
        super().__init__(network)
        self.noise = keras.random.SeedGenerator(seed)
        width = network.output["mean"].shape[-1]
        self.noise_of_places = np.random.default_rng(0).normal(size=(PLACES, width)).astype("float32")

    def named_losses(self, x, y, outputs, weights, training):
        mean, log_variance = (ops.cast(outputs[name], "float32") for name in ("mean", "log_variance"))
        if training:
            noise = keras.random.normal(ops.shape(mean), dtype="float32", seed=self.noise)
        else:
            before = ops.cast(self.means["kl"].count.value, "int32")  # set back by Keras where an evaluation begins
            noise = ops.take(self.noise_of_places, (before + ops.arange(ops.shape(mean)[0])) % PLACES, axis=0)
        code = mean + ops.exp(log_variance / 2) * noise
        logits = self.network.get_layer("decoder")(code, training=training)
        return {
            "reconstruction": weighted_mean(reconstruction(x, logits), weights),
            "kl": weighted_mean(kl(mean, log_variance), weights),
        }
