"""Cycle consistency: pictures of one kind as those of another, learned from both kinds without any pairs.

Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017,
with the settings of the authors' code: batches of one picture of each kind, Adam with beta_1 0.5 and a rate of 0.0002.

The two kinds are the two classes of the data, A the first, or two of several: `--task.domains horse zebra`. Each epoch
goes once through the larger kind and draws as many of the other; which pictures meet is a function of (seed, epoch).

The losses do not say how good the pictures are. Networks are compared by the score "frechet_8x8", the mean over both
directions of the distance of `keras_dl.learning.sample_distance` between pictures that were translated and real ones.
Where a test split says which pictures of the two kinds belong together, "paired_error" is the mean absolute error of a
translation from the true one, as a share of the range of pixels.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from keras_dl.accelerate.options import TENSORFLOW
from keras_dl.data.kinds import LABEL, PAIR, paired, two_kinds
from keras_dl.errors import UsageError
from keras_dl.fields import Count, NotNegative
from keras_dl.lazy import keras, tf
from keras_dl.learning.objective import Objective
from keras_dl.learning.task import BATCH, Task, pixels

COMPARED = 1000
"""pictures of a kind at most whose distribution is compared"""
DRAWN = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class CycleConsistency(Task):
    """Translate pictures of two kinds into each other."""

    objective = Objective("frechet_8x8", "min")
    scored_each_epoch = True
    wants = (("image",), ("class",))
    answers_pictures = True
    parts = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
    adam: ClassVar[dict[str, float]] = {"beta_1": 0.5}

    domains: tuple[str, ...] = ()
    """two classes of the data, where they have more"""
    cycle: NotNegative = 10.0
    """weight of the error of pictures that went there and back; at 0 nothing binds a translation to its original"""
    identity: NotNegative = 0.5
    """weight, times `cycle`, of the error of pictures that are of the wanted kind already"""
    pool: Count = 50
    """translations of each kind that are kept to be judged again"""

    def __post_init__(self):
        super().__post_init__()
        if len(self.domains) not in (0, 2) or len({*self.domains}) != len(self.domains):
            raise UsageError(f"domains are two different classes, got {', '.join(self.domains)}")

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        data.spec.check_pictures()
        return two_kinds(data, self.domains)

    def arrange(self, network):
        """The target of a picture is none; what stands for it only carries the weights of a batch."""
        return lambda batch, key: (batch["image"], tf.zeros(tf.shape(batch["image"])[0]))

    def entrances(self, network):
        return network.inputs[:1]

    def exported(self, network):
        """The generator from the first kind to the second."""
        return network.get_layer("generator_ab")

    def learner(self, network, config, options):
        from keras_dl.learning.cycle import CycleConsistency

        if options.strategy in TENSORFLOW:
            raise UsageError(f"{self.name} keeps one pool of pictures; leave strategy={options.strategy} out")
        if options.batch_size > 2 * self.pool:
            raise UsageError(f"a pool of {self.pool} holds no batch of {options.batch_size // 2} pictures of a kind")
        settings = {"cycle": self.cycle, "identity": self.identity, "pool": self.pool}
        return CycleConsistency(network, **settings, seed=options.seed)

    def example(self, network, count):
        return np.zeros((count, *network.inputs[0].shape[1:]), "float32"), np.zeros(count, "float32")

    def scores(self, network, config, split, spec):
        from keras_dl.learning.sample_distance import frechet_distance, shrunken

        labels = split.columns[LABEL].values
        found = []
        for kind, name in enumerate(("generator_ba", "generator_ab")):
            own, others = (np.flatnonzero(labels == one)[:COMPARED] for one in (kind, 1 - kind))
            made = translated(network, name, split.take(others).inputs())
            found.append(frechet_distance(shrunken(made), shrunken(split.take(own).inputs())))
        scores = {"frechet_8x8": float(np.mean(found))}
        if PAIR in split.columns and len(pairs := paired(split)):
            a, b = (split.take(places).inputs() for places in pairs.T)
            errors = [
                np.abs(translated(network, "generator_ab", a) - b),
                np.abs(translated(network, "generator_ba", b) - a),
            ]
            scores["paired_error"] = float(np.mean(errors)) / 255
        return scores

    def answers(self, network, config, inputs, spec):
        """Each picture as one of either kind, by their names, rows of pixels 0..255."""
        pictures = inputs[spec.input].astype("float32")
        made = {
            kind: translated(network, name, pictures)
            for kind, name in zip(spec.class_names, ("generator_ba", "generator_ab"), strict=True)
        }
        return [{kind: pixels(found[place]) for kind, found in made.items()} for place in range(len(pictures))]

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.sheets import draw_sheet

        labels, groups = split.columns[LABEL].values, {}
        for kind, name in enumerate(("generator_ab", "generator_ba")):
            pictures = split.take(np.flatnonzero(labels == kind)[:DRAWN]).inputs()
            own, other = spec.class_names[kind], spec.class_names[1 - kind]
            groups |= {own: pictures, f"{own} as {other}": translated(network, name, pictures)}
        draw_sheet(groups, path)
        return True


def translated(network: keras.Model, generator: str, pictures: np.ndarray) -> np.ndarray:
    """What a `generator` of `network` makes of `pictures` (n, height, width, channels): the same shape, float32."""
    return network.get_layer(generator).predict(pictures, batch_size=BATCH, verbose=0).astype("float32")
