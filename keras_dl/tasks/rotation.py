"""Rotation: by how many quarters has a picture been turned? No labels.

Gidaris, Singh & Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018
(RotNet). The paper shows all four turns of a picture in one batch; here each picture of a batch has one turn, drawn
anew each time, so that a batch has as many examples as with any other task. In evaluation they take turns. What the
features are worth is told by the score "linear_probe", where there are labels, as in contrastive learning.
"""

from __future__ import annotations

import dataclasses

from keras_dl.augment.quarters import TURNS, turned
from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.learning.objective import ACCURACY, LOSS
from keras_dl.learning.task import Task
from keras_dl.tasks.classification import judged


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rotation(Task):
    """Tell by how many quarters a picture has been turned."""

    objective = ACCURACY
    monitor = LOSS
    wants = (("image",),)
    needs_classes = True

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        height, width, _ = config.input_shape
        if height != width:
            raise UsageError(f"rotation turns square pictures, these are {height}x{width}; set image_size")
        return config.replace(classes=TURNS), data

    def inputs(self, batch):
        return {"image": batch["image"]}

    def prepare(self, batch, key):
        pictures = batch["image"]
        count = tf.shape(pictures)[0]
        turns = tf.range(count) % TURNS
        if key is not None:
            turns = tf.random.stateless_uniform([count], key, 0, TURNS, "int32")
        return turned(pictures, turns), turns

    def compiling(self, network, config, options):
        return judged(config, options)

    def scores(self, network, config, split, spec):
        from keras_dl.learning.probe import probed

        return probed(network, config, split)

    def answers(self, network, config, inputs, spec):
        return [{"degrees": 90 * int(row.argmax())} for row in self.outputs(network, inputs)]
