"""Masked reconstruction: tell what is hidden of a picture from the rest; no labels.

He, Chen, Xie, Li, Dollar & Girshick, "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022, in a form for any
network that tells classes of pictures: hidden patches show the mean of the others instead of being left out, and a
small decoder, dropped afterwards, makes all pixels of the features that the head reads. As in the paper the loss, the
mean squared error of pixels as 0..1, is that of hidden pixels alone, which are others at each step. In evaluation a
picture always has the same ones hidden. A loss below "error_of_mean" says that more is known than the mean.

What the network is worth is told by the score "linear_probe", where there are labels, as in contrastive learning.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.fields import Count, Fraction
from keras_dl.lazy import tf
from keras_dl.learning.hiding import hidden
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedReconstruction(Task):
    """Tell the hidden pixels of a picture."""

    objective = LOSS
    wants = (("image",),)

    patch: Count = 4
    """height and width of what is hidden or not, in pixels"""
    masking_ratio: Fraction = 0.75
    """share of the patches that is hidden"""
    width: Count = 128
    """units of the decoder's hidden layer, which is dropped afterwards"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        height, width = config.input_shape[:2]
        if height % self.patch or width % self.patch:
            common = math.gcd(height, width)
            sides = ", ".join(str(side) for side in range(1, common + 1) if common % side == 0)
            raise UsageError(f"patch={self.patch} does not divide pictures of {height}x{width}; take one of {sides}")
        patches = height * width // self.patch**2
        if not 0 < self._count(height, width) < patches:
            what = "all" if self._count(height, width) else "none"
            raise UsageError(
                f"masking_ratio={self.masking_ratio} hides {what} of {patches} patches of {self.patch}x{self.patch}; "
                "take smaller patches or another ratio"
            )
        return config, data

    def _count(self, height: int, width: int) -> int:
        """How many patches are hidden."""
        return round(self.masking_ratio * (height // self.patch) * (width // self.patch))

    def prepare(self, batch, key):
        pictures = batch["image"]
        where = hidden(pictures, self.patch, self._count(*pictures.shape[1:3]), key)
        return {"image": pictures, "hidden": where}, tf.zeros(tf.shape(pictures)[0])

    def arrange(self, network):
        """The learner hides; so it takes the whole picture."""
        return self.prepare

    def learner(self, network, config, options):
        from keras_dl.learning.masked import Masked

        return Masked(network, self.width)

    def example(self, network, count):
        x, _ = super().example(network, count)
        return {"image": x, "hidden": np.zeros((*x.shape[:3], 1), bool)}, np.zeros(count, "float32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import probed

        return probed(network, split)
