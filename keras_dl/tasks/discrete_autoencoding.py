"""Discrete autoencoding: pictures made again from a grid of codes, each one of a few hundred or thousand.

Ramesh et al., "Zero-Shot Text-to-Image Generation", ICML 2021, section 2.1: while training, codes are drawn softly, by
Gumbel noise and a softmax whose temperature falls from 1 to 1/16 along a cosine; appendix A.2. Later and in evaluation
each cell has its likeliest code.

"reconstruction" is the mean over all numbers of a picture of the squared error, pixels from -1 to 1, or for networks
that tell distributions of pixels that of minus their log-likelihood; it is compared only between networks of one kind.
"codes_used" tells how many different codes a split has: with few of them the codes have collapsed.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.fields import NotNegative, Positive
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import BATCH, Task, pixels

DRAWN = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiscreteAutoencoding(Task):
    """Make pictures again from grids of codes."""

    objective = Objective("reconstruction", "min")
    wants = (("image",),)
    answers_pictures = True
    parts = ("encoder", "decoder")

    kl_weight: NotNegative = 0.0
    """weight of the KL divergence of the codes from all being as likely, in nats a code"""
    warmest: Positive = 1.0
    """temperature at which codes are drawn at first"""
    coldest: Positive = 0.0625
    """temperature in the end"""

    def __post_init__(self):
        super().__post_init__()
        if self.coldest > self.warmest:
            raise UsageError(f"the temperature falls: coldest={self.coldest:g} is above warmest={self.warmest:g}")

    def inputs(self, batch):
        return {"image": batch["image"]}

    def arrange(self, network):
        """The target of a picture is itself; what stands for it only carries the weights of a batch."""
        return lambda batch, key: (batch["image"], tf.zeros(tf.shape(batch["image"])[0]))

    def entrances(self, network):
        return network.get_layer("encoder").inputs

    def learner(self, network, config, options):
        from keras_dl.learning.discrete import DiscreteAutoencoder

        if not hasattr(config, "codes"):
            raise UsageError(f"{self.name} takes networks of a grid of codes, such as dalle_small; not {config.family}")
        settings = {"kl_weight": self.kl_weight, "warmest": self.warmest, "coldest": self.coldest}
        return DiscreteAutoencoder(network, **settings, seed=options.seed)

    def example(self, network, count):
        entrance = self.entrances(network)[0]
        return np.zeros((count, *entrance.shape[1:]), "float32"), np.zeros(count, "float32")

    def scores(self, network, config, split, spec):
        found = set()
        for x, _ in split.in_order.batches(BATCH, self.arrange(network)):
            found |= set(np.unique(codes_of(network, x.numpy())))
        return {"codes_used": float(len(found))}

    def answers(self, network, config, inputs, spec):
        """The codes of each picture, rows of whole numbers, and the picture that they make."""
        codes = codes_of(network, inputs[spec.input].astype("float32"))
        made = made_of(network, config, codes)
        return [{"codes": codes[place].tolist(), "image": pixels(picture)} for place, picture in enumerate(made)]

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.sheets import draw_sheet

        shown = split.take(range(min(DRAWN, len(split)))).inputs()
        draw_sheet({"pictures": shown, "made again": made_of(network, config, codes_of(network, shown))}, path)
        return True


def codes_of(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """The likeliest codes of `images` (n, height, width, channels), pixels 0..255: (n, rows, columns)."""
    return network.get_layer("encoder").predict(images, batch_size=BATCH, verbose=0).argmax(axis=-1)


def made_of(network: keras.Model, config, codes: np.ndarray) -> np.ndarray:
    """The pictures that `codes` (n, rows, columns) make: (n, height, width, channels) float32, pixels 0..255."""
    from keras_dl.learning.discrete import pictures

    shares = np.eye(config.codes, dtype="float32")[codes]
    made = network.get_layer("decoder").predict(shares, batch_size=BATCH, verbose=0)
    return keras.ops.convert_to_numpy(pictures(made, config.input_shape[2]))
