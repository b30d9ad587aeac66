"""Contrastive learning: two changed views of a picture belong together, and apart from all others; no labels.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020
(SimCLR), algorithm 1 and section 4.1. What it is worth is told by the score "linear_probe", where there are labels: the
accuracy of a logistic regression on the features before the head, fitted on one half of a split and measured on the
other. The head itself stays as it was; put one on by `keras-dl train MODEL --data D --task classification`. Two more
scores are those of Wang & Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on
the Hypersphere", ICML 2020, of the projection where the network has one, else of the features: "alignment", how far the
two views of a picture are apart, and "uniformity", how evenly all are spread; of both less is better.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import numpy as np

from keras_dl.augment.image import compose
from keras_dl.errors import UsageError
from keras_dl.fields import Bounds, Count, NotNegative, Positive
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import BATCH, Task

CHANGES = ("crop", "flip", "brightness", "contrast")
WIDTH = 128
LOOKED_AT = 2000
"""pictures, at most, whose alignment and uniformity are measured"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contrastive(Task):
    """Find the other view of a picture."""

    objective = LOSS
    wants = (("image",),)

    temperature: Positive = 0.5
    """by which the cosines of two views are divided"""
    hardness: NotNegative = 0.0
    """how much more those views of other pictures count that are the most alike: 0 is SimCLR, 1 the paper of Robinson
    et al., "Contrastive Learning with Hard Negative Samples", ICLR 2021"""
    width: Count | None = None
    """units of the projection of the features, which is dropped afterwards, by default 128; some networks have one"""
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
        from keras_dl.learning.two_views import TwoViews, has_projection

        if self.width is not None and has_projection(network):
            raise UsageError(f"{config.family} has a projection of its own; leave width={self.width} out")
        return TwoViews(network, config, self.temperature, self.hardness, self.width or WIDTH)

    def example(self, network, count):
        x, y = super().example(network, count)
        return x[:, None].repeat(2, axis=1), y.astype("float32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.contrastive import alignment, uniformity
        from keras_dl.learning.encoders import encoder_of
        from keras_dl.learning.probe import probed
        from keras_dl.learning.two_views import has_projection

        pictures = split.take(range(min(LOOKED_AT, len(split)))).inputs()
        views, _ = self.prepare({"image": pictures}, None)
        judge = network if has_projection(network) else encoder_of(network, config)
        first, second = (judge.predict(views[:, place], batch_size=BATCH, verbose=0) for place in (0, 1))
        found = {
            "alignment": float(alignment(np.concatenate([first, second]))),
            "uniformity": float(uniformity(first)),
        }
        return found | probed(network, config, split)
