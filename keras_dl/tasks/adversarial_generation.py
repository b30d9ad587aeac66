"""Adversarial generation: pictures out of noise that a discriminator cannot tell from those of the data.

Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014; the settings of Adam are those of Radford, Metz &
Chintala 2016, section 4, who also take batches of 128 and a learning rate of 0.0002: `--batch-size 128 --learning-rate
0.0002`. Noise is normal. With `--label-smoothing 0.1` real pictures are real with probability 0.9 only.

Neither loss says how good the pictures are, since each is measured against the other part; they tell only whether one
has lost. So networks are compared by the score "frechet_8x8" of up to 1,000 pictures made of the same noise every time
to as many of a split: see `keras_dl.learning.sample_distance` for what it is and what it does not see. It depends on
the data and on how many there are of them: compare it only within one data set. Look at the sheet of `evaluate`.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from keras_dl.lazy import tf
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import BATCH, Task, noise, pixels

COMPARED = 1000
"""pictures at most whose distribution is compared"""
DRAWN = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdversarialGeneration(Task):
    """Make pictures like those of the data."""

    objective = Objective("frechet_8x8", "min")
    scored_each_epoch = True
    wants = (("image",),)
    makes_pictures = True
    answers_pictures = True
    parts = ("generator", "discriminator")
    adam: ClassVar[dict[str, float]] = {"beta_1": 0.5}

    def arrange(self, network):
        """x are pictures and noise: in training of the key, in evaluation of the pictures, so always the same."""
        width = network.inputs[0].shape[1]

        def arranged(batch, key):
            pictures = batch["image"]
            if key is None:
                key = tf.stack([tf.constant(0, "int64"), tf.reduce_sum(tf.cast(pictures, "int64"))])
            noise = tf.random.stateless_normal((tf.shape(pictures)[0], width), key)
            return {"image": pictures, "noise": noise}, tf.zeros(tf.shape(pictures)[0])

        return arranged

    def entrances(self, network):
        return network.get_layer("discriminator").inputs

    def exported(self, network):
        return network.get_layer("generator")

    def learner(self, network, config, options):
        from keras_dl.learning.adversaries import Adversaries

        return Adversaries(network, options.label_smoothing)

    def example(self, network, count):
        tensors = {"image": network.output["image"], "noise": network.inputs[0]}
        x = {name: np.zeros((count, *tensor.shape[1:]), "float32") for name, tensor in tensors.items()}
        return x, np.zeros(count, "float32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.sample_distance import frechet_distance, shrunken

        places = np.linspace(0, len(split) - 1, min(COMPARED, len(split))).astype(int)
        made = self.made(network, config, range(len(places)))
        return {"frechet_8x8": frechet_distance(shrunken(made), shrunken(split.take(places).inputs()))}

    def made(self, network, config, seeds):
        generator = network.get_layer("generator")
        return generator.predict(noise(seeds, config.latent_width), batch_size=BATCH, verbose=0).astype("float32")

    def answers(self, network, config, inputs, spec):
        """A picture for each of the seeds in `inputs`, rows of pixels 0..255."""
        return [{"image": pixels(picture)} for picture in self.made(network, config, inputs["seed"])]

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.sheets import draw_sheet

        draw_sheet({"made of noise": self.made(network, config, range(DRAWN))}, path)
        return True
