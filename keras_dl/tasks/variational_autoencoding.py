"""Variational autoencoding: a distribution over codes for each picture, from which it can be made again, and new ones.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014. The loss is minus the evidence lower bound (ELBO) in
nats a picture, summed over its pixels, so that the validation loss is an upper bound, up to the noise of one code for
each picture, on minus the mean log-likelihood; the smaller, the better. It is the sum of "reconstruction" and "kl".

A pixel is the share in which it is white, as in pytorch/examples: 105 to 106 nats on MNIST with 784-400-20. Pictures
made black and white at random, as in the literature on likelihoods, have another loss.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import BATCH, Task, noise

DRAWN = 16
"""pictures that are drawn, each with its reconstruction, and samples"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VariationalAutoencoding(Task):
    """Make pictures again from short codes."""

    objective = LOSS
    wants = (("image",),)
    parts = ("encoder", "decoder")

    def inputs(self, batch):
        return {"image": batch["image"]}

    def arrange(self, network):
        """The target of a picture is itself; what stands for it only carries the weights of a batch."""
        return lambda batch, key: (batch["image"], tf.zeros(tf.shape(batch["image"])[0]))

    def learner(self, network, config, options):
        from keras_dl.learning.variational import Variational

        return Variational(network, options.seed)

    def example(self, network, count):
        return np.zeros((count, *network.inputs[0].shape[1:]), "float32"), np.zeros(count, "float32")

    def answers(self, network, config, inputs, spec):
        """The code that is the likeliest, and in nats what it costs and what the picture costs that is made of it."""
        from keras_dl.learning.variational import kl, reconstruction

        found = self.outputs(network, inputs)
        pixels = keras.ops.convert_to_numpy(reconstruction(inputs["image"], found["image"]))
        codes = keras.ops.convert_to_numpy(kl(found["mean"], found["log_variance"]))
        return [
            {"reconstruction": float(pixels[place]), "kl": float(codes[place]), "code": code.tolist()}
            for place, code in enumerate(found["mean"])
        ]

    def made(self, network, config, seeds):
        codes = noise(seeds, config.latent_width)
        return white(network.get_layer("decoder").predict(codes, batch_size=BATCH, verbose=0))

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.sheets import draw_sheet

        pictures = split.take(range(min(DRAWN, len(split)))).inputs()
        again = white(self.outputs(network, {"image": pictures})["image"])
        made = self.made(network, config, range(DRAWN))
        draw_sheet({"pictures": pictures, "made again": again, "made of noise": made}, path)
        return True


def white(logits: np.ndarray) -> np.ndarray:
    """The pixels 0..255, float32, of which `logits` of any shape tell how white they are."""
    return 255 / (1 + np.exp(-logits.astype("float32")))
