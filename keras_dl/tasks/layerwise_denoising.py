"""Layerwise denoising: layers learn one after another to make their input again from a part of it; no labels.

Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010, section 3.2 and section 6: for networks of logistic
dense layers. Each layer has an equal share of the epochs, and what an epoch logs is of the layer that learns in it. The
head stays as it was; train all of it by `keras-dl train RUN/model --data D --task classification`. What the layers are
worth before that is told by the score "linear_probe", where there are labels, as in contrastive learning.
"""

from __future__ import annotations

import dataclasses

from keras_dl.errors import UsageError
from keras_dl.fields import Share
from keras_dl.learning.binary_units import BinaryUnits
from keras_dl.learning.objective import LOSS


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerwiseDenoising(BinaryUnits):
    """Make the input of each layer again."""

    objective = LOSS

    corrupted: Share = 0.25
    """share of the input of a layer that is 0 in what it sees while it learns"""

    def learner(self, network, config, options):
        from keras_dl.learning.layerwise import Layerwise, logistic_layers

        if not logistic_layers(network):
            raise UsageError(
                f"{self.name} is for logistic dense layers, as stacked_denoising_autoencoder has them; "
                f"{network.name} has none"
            )
        return Layerwise(network, self.corrupted, options)

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import probed

        return probed(network, config, split)
