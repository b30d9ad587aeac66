"""Object detection: boxes around the objects of a picture, and what they are.

Ren, He, Girshick & Sun, "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks", NIPS 2015. A
detector is judged by COCO's average precision: "AP50" counts a box as found from an overlap of 0.5 on, "AP" is the mean
over overlaps of 0.5 to 0.95. Boxes are (left, top, right, bottom) in pixels of the picture as the network takes it.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from keras_dl.fields import Count, Share
from keras_dl.learning.objective import LOSS, Objective
from keras_dl.learning.task import BATCH, Task

DRAWN = 8
"""pictures that are drawn with their boxes"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectDetection(Task):
    """Find the objects of a picture."""

    objective = Objective("AP50", "max", worst=0.0)
    monitor = LOSS
    wants = (("image",), ("boxes",), ("classes",))
    scored_each_epoch = True
    parts = ("backbone", "rpn", "proposals", "head_boxes")

    samples: Count = 128
    """proposals of a picture that the head learns from in a step; torchvision takes 512, Fast R-CNN 64"""
    score: Share = 0.5
    """how certain an answer must be to be given"""

    def inputs(self, batch):
        return {"image": batch["image"]}

    def prepare(self, batch, key):
        return self.inputs(batch), {"boxes": batch["boxes"], "labels": batch["labels"]}

    def learner(self, network, config, options):
        from keras_dl.learning.detector import Detector

        return Detector(network, self.samples)

    def example(self, network, count):
        x = np.zeros((count, *network.input.shape[1:]), "float32")
        return x, {"boxes": np.full((count, 1, 4), -1, "float32"), "labels": np.full((count, 1), -1, "int64")}

    def found(self, network, config, pictures):
        """What is found in each of `pictures` (n, height, width, channels), as `boxes.detections` has it, in arrays."""
        from keras_dl.boxes.detections import detections
        from keras_dl.decoding.program import compiled

        chosen = compiled(functools.partial(detections, size=config.input_shape[:2]), network)
        parts = []
        for start in range(0, len(pictures), BATCH):
            outputs = network.predict_on_batch(pictures[start : start + BATCH])
            answers = (outputs[name] for name in ("proposals", "class_logits", "box_deltas"))
            parts.append({name: np.asarray(values) for name, values in chosen(*answers).items()})
        return [{name: part[name][place] for name in part} for part in parts for place in range(len(part["boxes"]))]

    def scores(self, network, config, split, spec):
        from keras_dl.boxes.average_precision import average_precision

        found, wanted, _ = self._compared(network, config, split)
        return average_precision(found, wanted)

    def answers(self, network, config, inputs, spec):
        names = spec.class_names or tuple(map(str, range(spec.classes)))
        return [
            {
                "objects": [
                    {"box": [round(float(side), 1) for side in box], "class": names[label], "score": float(score)}
                    for box, label, score in zip(objects["boxes"], objects["labels"], objects["scores"], strict=True)
                    if label >= 0 and score >= self.score
                ]
            }
            for objects in self.found(network, config, np.asarray(inputs["image"], "float32"))
        ]

    def draw(self, network, config, split, spec, path):
        from keras_dl.boxes.drawing import draw_detections

        found, wanted, pictures = self._compared(network, config, split.take(range(min(DRAWN, len(split)))))
        for objects in found:
            objects["labels"] = np.where(objects["scores"] >= self.score, objects["labels"], -1)
        draw_detections(pictures, found, wanted, spec.class_names, path, f"{config.family} on {spec.name}")
        return True

    def _compared(self, network, config, split):
        """What is found in the pictures of `split`, what is there, and the pictures."""
        found, wanted, pictures = [], [], []
        for x, y in split.batches(BATCH, self.arrange(network)):
            found += self.found(network, config, x.numpy())
            truth = {name: values.numpy() for name, values in y.items()}
            wanted += [{name: truth[name][place] for name in truth} for place in range(len(x))]
            pictures.append(x.numpy())
        return found, wanted, np.concatenate(pictures)
