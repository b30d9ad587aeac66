"""A generator and a discriminator that learn against each other.

Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, algorithm 1 with one step of each, and with the
generator's loss of section 3 that does not saturate.
"""

from __future__ import annotations

from keras_dl.errors import UsageError
from keras_dl.lazy import keras
from keras_dl.learning.learner import InTurns

ops = keras.ops


class Adversaries(InTurns):
    """Trains the `generator` and the `discriminator` that are parts of a `network`, each by an optimizer of its own.

    x is a dict of `image`, real pictures, and `noise`, what as many others are made of. A step is one of the
    discriminator, in which real and generated pictures are batches of their own, and one of the generator, by the same
    pictures, against what the discriminator has become. Losses are cross-entropies in nats: at 2 log 2 = 1.386 and
    log 2 = 0.693 the discriminator tells nothing. With `smoothing` the discriminator learns that real pictures are real
    with probability 1 - `smoothing` only (Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016,
    section 3.4).
    """

    losses_named = ("discriminator_loss", "generator_loss")
    largest_loss = 1000.0
    remedy = "--label-smoothing 0.1, or a dcgan with --network.spectral"

    def __init__(self, network: keras.Model, smoothing: float = 0.0):
        super().__init__(network)
        self.smoothing = smoothing
        self.generator, self.discriminator = (network.get_layer(part) for part in ("generator", "discriminator"))

    def call(self, x, training=None):
        """The logits that real and generated pictures are real, (batch, 1) each."""
        generated = self.generator(x["noise"], training=training)
        judged = {"real": x["image"], "generated": generated}
        return {name: self.discriminator(pictures, training=training) for name, pictures in judged.items()}

    def parts(self):
        """Raises `UsageError` where one of them is frozen."""
        found = {part: getattr(self, part).trainable_variables for part in ("discriminator", "generator")}
        for part, variables in found.items():
            if not variables:
                raise UsageError(f"freeze={part} leaves nothing of it to train against the other part")
        return found

    def turns(self, x, y, weights, training):
        generated = self.generator(x["noise"], training=training)
        real = self.discriminator(x["image"], training=training)
        told = self.discriminator(ops.stop_gradient(generated), training=training)
        believed = (1 - self.smoothing) * _surprise(real, weights) + self.smoothing * _surprise(-real, weights)
        yield "discriminator", "discriminator_loss", believed + _surprise(-told, weights)
        yield "generator", "generator_loss", _surprise(self.discriminator(generated, training=training), weights)


def _surprise(logits, weights):
    """The mean of -log sigmoid(`logits`), (batch, 1), by `weights` (batch,) where they are given."""
    losses = ops.softplus(-ops.cast(logits, "float32"))[:, 0]
    if weights is None:
        return ops.mean(losses)
    return ops.sum(weights * losses) / ops.maximum(ops.sum(weights), 1e-12)
