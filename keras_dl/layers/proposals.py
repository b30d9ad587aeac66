"""The boxes of a picture that a detector looks at twice."""

import keras
import numpy as np

from keras_dl.boxes.anchors import anchors
from keras_dl.boxes.proposals import proposals


@keras.saving.register_keras_serializable(package="keras_dl")
class Proposals(keras.layers.Layer):
    """The best boxes of a region proposal network in pictures of `picture` (height, width); see `keras_dl.boxes`.

    Takes logits (batch, n) and codes of boxes (batch, n, 4), for the anchors of maps with `grids` (rows, columns) and
    `sides`, in pixels, which are `self.anchors`, (n, 4) float32; gives (batch, at most `most`, 4), the best first,
    padded by -1. While training it gives up to twice as many. It has no weights and computes in float32.
    """

    def __init__(self, picture, grids, sides, most: int, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.picture, self.grids = tuple(picture), tuple(map(tuple, grids))
        self.sides, self.most = tuple(sides), most
        self.anchors = anchors(self.picture, self.grids, self.sides)
        self.counts = tuple(len(self.anchors) // self._positions * rows * columns for rows, columns in self.grids)

    @property
    def _positions(self) -> int:
        return sum(rows * columns for rows, columns in self.grids)

    def call(self, objectness, deltas, training=None):
        most = 2 * self.most if training else self.most
        return proposals(objectness, deltas, self.anchors, self.counts, self.picture, most)

    def compute_output_spec(self, objectness, deltas, training=None):
        most = 2 * self.most if training else self.most
        candidates = int(np.minimum(self.counts, most).sum())
        return keras.KerasTensor((objectness.shape[0], min(most, candidates), 4), dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "picture": self.picture,
            "grids": self.grids,
            "sides": self.sides,
            "most": self.most,
        }
