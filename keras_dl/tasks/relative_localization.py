"""Classification with dense relative localization: a transformer learns from few pictures where its tokens come from.

Liu et al., "Efficient Training of Visual Transformers with Small Datasets", NeurIPS 2021, section 4; the head for it is
`keras_dl.learning.relative_localization`, is trained along, and does not belong to the network.
"""

from __future__ import annotations

import dataclasses

from keras_dl.fields import Count, Positive
from keras_dl.tasks.classification import Classification


@dataclasses.dataclass(frozen=True, kw_only=True)
class RelativeLocalization(Classification):
    """Tell the class of a picture, and how far apart two places of its last map are."""

    weight: Positive = 0.5
    """of the mean error of the guessed distances in the loss"""
    pairs: Count = 32
    """of places whose distance is guessed, for each picture"""
    units: Count = 512
    """of the hidden layers of the perceptron that guesses"""

    def learner(self, network, config, options):
        from keras_dl.learning.relative_localization import with_relative_localization

        return with_relative_localization(network, self.weight, pairs=self.pairs, units=self.units)
