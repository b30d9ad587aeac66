"""Classification against an adversary: each batch is changed, within small bounds, so that it hurts most.

Madry, Makelov, Schmidt, Tsipras & Vladu, "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018,
section 2; with one step Goodfellow, Shlens & Szegedy's fast gradient sign method, ICLR 2015. Validation is on both:
"accuracy" as the pictures are, "robust_accuracy" under the same attack, by which the network is judged.
"""

from __future__ import annotations

import dataclasses

from keras_dl.fields import Count, Positive
from keras_dl.learning.objective import Objective
from keras_dl.tasks.classification import Classification


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdversarialTraining(Classification):
    """Tell the class of a picture that an adversary has changed."""

    objective = Objective("robust_accuracy", "max", worst=0.0)
    monitor = objective
    wants = (("image",), ("class",))

    epsilon: Positive = 8.0
    """largest change of a pixel, whose values are 0..255"""
    steps: Count = 7
    """of the attack; with 1 it is the fast gradient sign method"""

    def learner(self, network, config, options):
        from keras_dl.learning.against_adversary import AgainstAdversary

        return AgainstAdversary(network, self.epsilon, self.steps)

    def compiling(self, network, config, options):
        return {}
