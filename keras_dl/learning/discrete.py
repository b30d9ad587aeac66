"""Pictures as grids of codes, learned through codes that are drawn softly.

Ramesh et al., "Zero-Shot Text-to-Image Generation", ICML 2021, section 2.1 and appendix A; Jang, Gu & Poole,
"Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.
"""

from __future__ import annotations

import math

from keras_dl.lazy import keras
from keras_dl.learning.learner import Learner, weighted_mean

ops = keras.ops
EDGE = 0.1
"""how near to 0 and 1 a pixel of a logit-Laplace distribution comes"""


def pictures(outputs, channels: int):
    """Pixels 0..255, float32, of what a decoder gives: these, or places and scales of logit-Laplace distributions."""
    outputs = ops.cast(outputs, "float32")
    if outputs.shape[-1] == channels:
        return ops.clip(outputs, 0.0, 255.0)
    shares = (ops.sigmoid(outputs[..., :channels]) - EDGE) / (1 - 2 * EDGE)
    return 255 * ops.clip(shares, 0.0, 1.0)


def reconstruction(images, outputs):
    """How wrong `outputs` of a decoder are about `images`, pixels 0..255, a mean over the numbers of each: (batch,).

    Of pixels it is the squared error, from -1 to 1; of logit-Laplace distributions minus the log-likelihood, in nats.
    """
    images, outputs = ops.cast(images, "float32"), ops.cast(outputs, "float32")
    if outputs.shape[-1] == images.shape[-1]:
        losses = ops.square((outputs - images) / 127.5)
    else:
        places, scales = ops.split(outputs, 2, axis=-1)
        shares = EDGE + (1 - 2 * EDGE) * images / 255
        logits = ops.log(shares) - ops.log(1 - shares)
        losses = ops.abs(logits - places) * ops.exp(-scales) + scales + ops.log(2 * shares * (1 - shares))
    return ops.mean(losses, axis=(1, 2, 3))


def kl(logits):
    """Of codes by `logits`, (batch, rows, columns, codes), from the uniform distribution, in nats a cell: (batch,)."""
    logits = ops.log_softmax(ops.cast(logits, "float32"))
    nats = ops.sum(ops.exp(logits) * (logits + math.log(logits.shape[-1])), axis=-1)
    return ops.mean(nats, axis=(1, 2))


def gumbel_softmax(logits, temperature, seed):
    """Shares of codes, (..., codes), drawn by `logits`: the lower the `temperature`, the nearer to a single code."""
    uniform = keras.random.uniform(ops.shape(logits), 1e-20, 1.0, dtype="float32", seed=seed)
    return ops.softmax((ops.cast(logits, "float32") - ops.log(-ops.log(uniform))) / temperature)


def cooled(progress, warmest: float, coldest: float):
    """The temperature at `progress` 0..1 of a training, which falls along a cosine."""
    return coldest + (warmest - coldest) * (1 + ops.cos(math.pi * ops.minimum(progress, 1.0))) / 2


class DiscreteAutoencoder(Learner):
    """Trains the `encoder` and the `decoder` of a `network` by reconstruction, and `kl_weight` times the KL.

    In training the decoder takes shares of codes that are drawn at a temperature that falls over the training from
    `warmest` to `coldest`; in evaluation the likeliest code of each cell.
    """

    losses_named = ("reconstruction", "weighted_kl")

    def __init__(self, network: keras.Model, *, kl_weight: float, warmest: float, coldest: float, seed: int):
        super().__init__(network)
        self.kl_weight, self.warmest, self.coldest = kl_weight, warmest, coldest
        self.encoder, self.decoder = (network.get_layer(part) for part in ("encoder", "decoder"))
        for layer in network.layers:
            layer.trainable = layer.trainable and layer in (self.encoder, self.decoder)
        self.noise = keras.random.SeedGenerator(seed)
        self.done = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="done")
        self.steps = 1

    def stretch(self, steps):
        self.steps = steps

    def call(self, x, training=None):
        """Pictures -> logits of their codes."""
        return self.encoder(x, training=training)

    def named_losses(self, x, y, outputs, weights, training):
        if training:
            temperature = cooled(ops.cast(self.done, "float32") / self.steps, self.warmest, self.coldest)
            shares = gumbel_softmax(outputs, temperature, self.noise)
            self.done.assign(self.done + 1)
        else:
            shares = likeliest(outputs)
        again = self.decoder(shares, training=training)
        return {
            "reconstruction": weighted_mean(reconstruction(x, again), weights),
            "weighted_kl": self.kl_weight * weighted_mean(kl(outputs), weights),
        }


def likeliest(logits):
    """1 for the likeliest code and 0 for all others, in the shape of `logits`."""
    return ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1])
