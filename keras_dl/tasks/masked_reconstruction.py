"""Masked reconstruction: tell what is hidden of a picture from the rest; no labels.

He, Chen, Xie, Li, Dollar & Girshick, "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022. The loss is the
mean squared error of hidden pixels alone, which are others at each step; in evaluation a picture always has the same
ones hidden. A loss below "error_of_mean" says that more is known than the mean.

`masked_autoencoder` does it as in the paper: its encoder never sees what is hidden, and its decoder makes the pixels of
a patch with the mean 0 and the deviation 1. Any other network that makes features of pictures learns by it, too: hidden
patches show the mean of the others, and a small decoder, dropped afterwards, makes all pixels, as 0..1, of the features
that the head reads.

What the network is worth is told by the score "linear_probe", where there are labels, as in contrastive learning.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from keras_dl.errors import UsageError, some
from keras_dl.fields import Count, Fraction
from keras_dl.lazy import keras, tf
from keras_dl.learning.hiding import hidden, noise
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

PATCH, RATIO, WIDTH = 4, 0.75, 128
DRAWN = 16
"""pictures that are drawn, what is seen of each, and what is made of that"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedReconstruction(Task):
    """Tell the hidden pixels of a picture."""

    objective = LOSS
    wants = (("image",),)

    patch: Count | None = None
    """height and width of what is hidden or not, in pixels, by default 4"""
    masking_ratio: Fraction | None = None
    """share of the patches that is hidden, by default 0.75"""
    width: Count | None = None
    """units of the decoder's hidden layer, which is dropped afterwards, by default 128"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        if hasattr(config, "masking_ratio"):
            if said := [name for name in ("patch", "masking_ratio", "width") if getattr(self, name) is not None]:
                raise UsageError(f"{config.family} hides patches by itself; set its own fields, not {some(said)}")
            if config.seen == config.patches:
                raise UsageError(f"masking_ratio={config.masking_ratio} hides none of {config.patches} patches")
            return config, data
        height, width = config.input_shape[:2]
        patch, count = self._patch, self._count(height, width)
        if height % patch or width % patch:
            common = math.gcd(height, width)
            sides = ", ".join(str(side) for side in range(1, common + 1) if common % side == 0)
            raise UsageError(f"patch={patch} does not divide pictures of {height}x{width}; take one of {sides}")
        patches = height * width // patch**2
        if not 0 < count < patches:
            raise UsageError(
                f"masking_ratio={self._ratio} hides {'all' if count else 'none'} of {patches} patches of "
                f"{patch}x{patch}; take smaller patches or another ratio"
            )
        return config, data

    @property
    def _patch(self) -> int:
        return self.patch or PATCH

    @property
    def _ratio(self) -> float:
        return self.masking_ratio or RATIO

    def _count(self, height: int, width: int) -> int:
        """How many patches are hidden."""
        return round(self._ratio * (height // self._patch) * (width // self._patch))

    def prepare(self, batch, key):
        pictures = batch["image"]
        where = hidden(pictures, self._patch, self._count(*pictures.shape[1:3]), key)
        return {"image": pictures, "hidden": where}, tf.zeros(tf.shape(pictures)[0])

    def arrange(self, network):
        """The learner hides, so it takes the whole picture; or the network does, by noise."""
        if not hides(network):
            return self.prepare
        patches = network.input["noise"].shape[1]

        def with_noise(batch, key):
            pictures = batch["image"]
            return {"image": pictures, "noise": noise(pictures, patches, key)}, tf.zeros(tf.shape(pictures)[0])

        return with_noise

    def entrances(self, network):
        return [network.input["image"]] if hides(network) else network.inputs

    def learner(self, network, config, options):
        from keras_dl.learning.masked import Masked, MaskedPatches

        if hides(network):
            return MaskedPatches(network, config.patch, config.seen)
        return Masked(network, config, self.width or WIDTH)

    def example(self, network, count):
        x, _ = super().example(network, count)
        if not hides(network):
            x = {"image": x, "hidden": np.zeros((*x.shape[:3], 1), bool)}
        return x, np.zeros(count, "float32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import probed

        return probed(network, config, split)

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.masked import MaskedPatches
        from keras_dl.learning.sheets import draw_sheet

        if not hides(network):  # its decoder was dropped
            return False
        few = split.take(range(min(DRAWN, len(split))))
        [(x, _)] = few.in_order.batches(DRAWN, self.arrange(network))
        seen, filled = MaskedPatches(network, config.patch, config.seen).filled(x, network.predict_on_batch(x))
        draw_sheet({"pictures": x["image"].numpy(), "seen": np.array(seen), "made again": np.array(filled)}, path)
        return True


def hides(network: keras.Model) -> bool:
    """Whether `network` hides patches by itself, by noise that it takes."""
    return isinstance(network.input, dict) and "noise" in network.input
