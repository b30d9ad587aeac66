"""Contrastive learning: two changed views of a picture belong together, and apart from all others; no labels.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020
(SimCLR), algorithm 1 and section 4.1. What it is worth is told by the score "linear_probe", where there are labels: the
accuracy of a logistic regression on the features before the head, fitted on one half of a split and measured on the
other. The head itself stays as it was; put one on by `keras-dl train MODEL --data D --task classification`.
"""

from __future__ import annotations

import dataclasses

from keras_dl.augment.image import compose
from keras_dl.fields import Count, Positive
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

CHANGES = ("crop", "flip", "brightness", "contrast")
COLOURS = ("color",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrastive(Task):
    """Find the other view of a picture."""

    objective = LOSS
    wants = (("image",),)

    temperature: Positive = 0.5
    """by which the cosines of two views are divided"""
    width: Count = 128
    """units of the projection of the features, which is dropped afterwards"""

    def prepare(self, batch, key):
        pictures = batch["image"]
        change = compose([*CHANGES, *(COLOURS if pictures.shape[-1] == 3 else ())], pictures.shape[-1])
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
        from keras_dl import surgery
        from keras_dl.learning.two_views import linear_probe

        if "label" not in split.columns:
            return {}
        return {"linear_probe": linear_probe(surgery.embedding(network), split.batches(256))}
