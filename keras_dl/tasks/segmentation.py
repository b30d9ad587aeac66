"""Segmentation: a class for every pixel of a picture.

Long, Shelhamer & Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015, section 5: the mean
intersection over union is that of the classes, over all pixels of all pictures together; a class that is neither there
nor guessed does not count. A network whose output is smaller than its input, as that of a U-Net without padding, is
asked for the centre of the mask.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS, Objective
from keras_dl.learning.task import Task

DRAWN = 8
"""pictures that are drawn with their masks"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Segmentation(Task):
    """Tell the class of every pixel."""

    objective = Objective("mean_iou", "max", worst=0.0)
    monitor = LOSS
    wants = (("image",), ("mask",))
    needs_classes = True

    def prepare(self, batch, key):
        return batch["image"], batch["mask"]

    def arrange(self, network):
        if isinstance(network.output, dict) or len(network.output.shape) != 4:
            raise UsageError(f"{network.name} does not tell the class of every pixel; use unet")
        height, width = network.output.shape[1:3]

        def arranged(batch, key):
            x, mask = self.prepare(batch, key)
            top, left = (mask.shape[1] - height) // 2, (mask.shape[2] - width) // 2
            return x, tf.cast(mask[:, top : top + height, left : left + width], "int32")

        return arranged

    def compiling(self, network, config, options):
        from keras_dl.learning.labels import CrossEntropy, accuracy
        from keras_dl.learning.mean_iou import MeanIoU

        loss = CrossEntropy(from_logits=config.classifier_activation is None, label_smoothing=options.label_smoothing)
        return {"loss": loss, "weighted_metrics": [accuracy(), MeanIoU(config.classes)]}

    def answers(self, network, config, inputs, spec):
        masks = network.predict(inputs["image"], verbose=0).argmax(axis=-1)
        names = spec.class_names or tuple(map(str, range(network.output.shape[-1])))
        return [
            {
                "mask": mask.tolist(),
                "pixels": {names[label]: int(count) for label, count in enumerate(np.bincount(mask.ravel())) if count},
            }
            for mask in masks
        ]

    def draw(self, network, config, split, spec, path):
        from keras_dl.learning.masks import draw_masks

        few = split.take(range(min(DRAWN, len(split))))
        [(pictures, masks)] = few.batches(DRAWN, self.arrange(network))
        pictures = pictures.numpy()
        guesses = network.predict_on_batch(pictures).argmax(axis=-1)
        draw_masks(pictures, masks.numpy(), guesses, spec.classes, path)
        return True
