"""Variational autoencoding: a distribution over codes for each picture, from which it can be made again, and new ones.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014. The loss is minus the evidence lower bound (ELBO) in
nats a picture, summed over its pixels, so that the validation loss is an upper bound, up to the noise of one code for
each picture, on minus the mean log-likelihood; the smaller, the better. It is the sum of "reconstruction" and "kl".

A pixel is the share in which it is white, as in pytorch/examples: 105 to 106 nats on MNIST with 784-400-20. Pictures
made black and white at random, as in the literature on likelihoods, have another loss. With `--task.importance 50`
the score "log_likelihood" is a tighter bound, of the best of 50 codes for each picture (Burda, Grosse & Salakhutdinov,
"Importance Weighted Autoencoders", ICLR 2016).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.fields import Count
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import BATCH, Task, noise

DRAWN = 16
"""pictures that are drawn, each with its reconstruction, and samples"""
STEPS = 8
"""pictures on the way from one to another, and to each side of the plane of codes"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VariationalAutoencoding(Task):
    """Make pictures again from short codes."""

    objective = LOSS
    wants = (("image",),)
    parts = ("encoder", "decoder")

    importance: Count | None = None
    """codes of each picture by which its likelihood is scored; by default it is not"""

    def inputs(self, batch):
        return {"image": batch["image"]}

    def arrange(self, network):
        """The target of a picture is itself; what stands for it only carries the weights of a batch."""
        return lambda batch, key: (batch["image"], tf.zeros(tf.shape(batch["image"])[0]))

    def learner(self, network, config, options):
        from keras_dl.learning.variational import Variational

        if not isinstance(network.output, dict) or not {"mean", "log_variance"} <= {*network.output}:
            raise UsageError(f"{network.name} makes no codes with a mean and a log_variance; use vae")
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
        return decoded(network, noise(seeds, config.latent_width))

    def scores(self, network, config, split, spec):
        if self.importance is None:
            return {}
        from keras_dl.learning.variational import log_likelihood

        return {"log_likelihood": float(log_likelihood(network, split.inputs(), self.importance).mean())}

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.sheets import draw_sheet

        pictures = split.take(range(min(DRAWN, len(split)))).inputs()
        found = self.outputs(network, {"image": pictures})
        groups = {"pictures": pictures, "made again": white(found["image"])}
        groups["made of noise"] = self.made(network, config, range(DRAWN))
        between = [way(*found["mean"][place : place + 2]) for place in (0, 2) if place + 1 < len(pictures)]
        if between:
            groups["on the way from one picture to the next"] = decoded(network, np.concatenate(between))
        if config.latent_width == 2:
            groups["the plane of codes"] = decoded(network, plane(STEPS))
        draw_sheet(groups, path)
        return True


def decoded(network: keras.Model, codes: np.ndarray) -> np.ndarray:
    """The pictures, pixels 0..255, of `codes` (n, latent_width)."""
    return white(network.get_layer("decoder").predict(codes.astype("float32"), batch_size=BATCH, verbose=0))


def way(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """`STEPS` codes in a line from the `first` to the `last`, (latent_width,) each."""
    shares = np.linspace(0, 1, STEPS)[:, None]
    return (1 - shares) * first + shares * last


def plane(side: int) -> np.ndarray:
    """Codes of two numbers, (side * side, 2), row by row from above: the normal distribution in equal shares.

    Kingma & Welling 2014, appendix A, figure 4.
    """
    from scipy.special import ndtri

    values = ndtri((np.arange(side) + 0.5) / side)
    return np.stack([np.tile(values, side), np.repeat(values[::-1], side)], axis=1)


def white(logits: np.ndarray) -> np.ndarray:
    """The pixels 0..255, float32, of which `logits` of any shape tell how white they are."""
    return 255 / (1 + np.exp(-logits.astype("float32")))
