"""Layerwise denoising: layers learn one after another to make their input again from a part of it; no labels.

Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010, section 3.2 and section 6: for networks of logistic
dense layers. Each layer has an equal share of the epochs, and what an epoch logs is of the layer that learns in it. The
head stays as it was; train all of it by `keras-dl train RUN/model --data D --task classification`. What the layers are
worth before that is told by the score "linear_probe", where there are labels, as in contrastive learning.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.fields import Share
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task
from keras_dl.tasks.contrastive_divergence import check_shares


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerwiseDenoising(Task):
    """Make the input of each layer again."""

    objective = LOSS
    wants = (("image", "features"),)

    corrupted: Share = 0.25
    """share of the input of a layer that is 0 in what it sees while it learns"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        if data.spec.kind == "features":
            check_shares(data)
        return config, data

    def inputs(self, batch):
        return {name: batch[name] for name in ("image", "features") if name in batch}

    def arrange(self, network):
        """What stands for a target only carries the weights of a batch."""

        def arranged(batch, key):
            x = self.taken(network, self.inputs(batch))
            return x, tf.zeros(tf.shape(x)[0])

        return arranged

    def learner(self, network, config, options):
        from keras_dl.learning.layerwise import Layerwise, logistic_layers

        if not logistic_layers(network):
            raise UsageError(
                f"{self.name} is for logistic dense layers, as stacked_denoising_autoencoder has them; "
                f"{network.name} has none"
            )
        return Layerwise(network, self.corrupted, options)

    def example(self, network, count):
        return np.zeros((count, *network.inputs[0].shape[1:]), "float32"), np.zeros(count, "float32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import probed

        return probed(network, config, split)
