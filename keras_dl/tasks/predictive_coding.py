"""Contrastive predictive coding: tell at each moment of a sound what comes next, among what comes in others; no labels.

Van den Oord, Li & Vinyals, "Representation Learning with Contrastive Predictive Coding", arXiv:1807.03748, 2018, for
networks with outputs `latents` and `predictions`. What is to be found is the latent of the same sound some steps later
among those of all sounds of the batch at that step, but for sounds that have ended: "info_nce" is the cross-entropy in
nats, "accuracy" the share found, "chance" what guesses would find. All three depend on the batch.

What the network is worth is told by the score "linear_probe", where there are labels: the accuracy of a logistic
regression on its features, fitted on one half of a split and measured on the other. Answers are these features.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.data.sounds import fitted
from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task

OUTPUTS = {"latents", "predictions"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictiveCoding(Task):
    """Tell what comes next in a sound."""

    objective = LOSS
    wants = (("audio",),)

    def encoded(self, config, data, like=None):
        """`data`, whose sounds are as long as those of `like`, if it is given."""
        data = super().encoded(config, data, like)
        if like is None:
            return data
        wanted, there = like.columns["audio"], data.spec.columns["audio"]
        if wanted.rate != there.rate:
            raise UsageError(
                f"the model takes sounds of {wanted.rate} samples a second; {data.spec.name} has {there.rate}"
            )
        if wanted.shape == there.shape:
            return data
        [samples] = wanted.shape

        def fit(sounds):
            padded = tf.pad(sounds[:, :samples], [[0, 0], [0, samples]])[:, :samples]
            return tf.ensure_shape(padded, (None, samples))

        return data.prepared(dataclasses.replace(there, shape=wanted.shape), fit)

    def prepare(self, batch, key):
        sounds = batch["audio"]
        places = tf.range(1, sounds.shape[1] + 1)
        return sounds, tf.reduce_max(tf.where(sounds != 0, places, 0), axis=1)

    def arrange(self, network):
        return self.prepare

    def learner(self, network, config, options):
        from keras_dl.learning.predictive import Predictive

        if not isinstance(network.output, dict) or not network.output.keys() >= OUTPUTS:
            raise UsageError(f"{self.name} is for networks with {' and '.join(sorted(OUTPUTS))}, such as cpc")
        if options.strategy:
            raise UsageError(f"{self.name} needs the whole of a batch on one device; leave strategy out")
        return Predictive(network)

    def example(self, network, count):
        [samples] = network.inputs[0].shape[1:]
        return np.ones((count, samples), "float32"), np.full(count, samples, "int32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import probed

        return probed(network, config, split)

    def answers(self, network, config, inputs, spec):
        from keras_dl.learning.encoders import encoder_of

        sounds = np.stack([fitted(np.asarray(sound, "float32"), config.samples) for sound in inputs["audio"]])
        return [{"embedding": row.tolist()} for row in self.outputs(encoder_of(network, config), {"audio": sounds})]
