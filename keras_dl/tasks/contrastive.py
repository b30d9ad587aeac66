"""Contrastive learning: two changed views of a picture belong together, and apart from all others; no labels.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020
(SimCLR), algorithm 1 and section 4.1. What it is worth is told by the score "linear_probe", where there are labels: the
accuracy of a logistic regression on the features before the head, fitted on one half of a split and measured on the
other. The head itself stays as it was; put one on by `keras-dl train MODEL --data D --task classification`.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

from keras_dl.augment.image import compose
from keras_dl.fields import Bounds, Count, Positive
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

CHANGES = ("crop", "flip", "brightness", "contrast")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrastive(Task):
    """Find the other view of a picture."""

    objective = LOSS
    wants = (("image",),)

    temperature: Positive = 0.5
    """by which the cosines of two views are divided"""
    width: Count = 128
    """units of the projection of the features, which is dropped afterwards"""
    changes: Annotated[tuple[str, ...], Bounds("one name or more", lambda names: len(names) > 0)] | None = None
    """what is done at random to a picture for each view of it, as in `--augment`; by default crop, flip, brightness and
    contrast, and color where there are three channels"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        self._change(config.input_shape[-1])  # refuses what it cannot do
        return config, data

    def _change(self, channels: int):
        colours = ("color",) if channels == 3 else ()
        return compose((*CHANGES, *colours) if self.changes is None else self.changes, channels)

    def prepare(self, batch, key):
        pictures = batch["image"]
        change = self._change(pictures.shape[-1])
        key = tf.constant([0, 0], "int64") if key is None else key
        keys = tf.unstack(tf.random.experimental.stateless_split(key, 2))
        return tf.stack([change(pictures, one) for one in keys], axis=1), tf.zeros(tf.shape(pictures)[0])

    def learner(self, network, config, options):
        from keras_dl.learning.two_views import TwoViews

        return TwoViews(network, self.temperature, self.width)

    def example(self, network, count):
        x, y = super().example(network, count)
        return x[:, None].repeat(2, axis=1), y.astype("float32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import probed

        return probed(network, split)
