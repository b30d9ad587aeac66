"""Node classification: one class of several for each node of a graph, of which some are told.

The nodes of a split are those that have a label in it, all others have -1 and count nothing: loss and accuracy are the
means over the nodes of a split (Kipf & Welling, ICLR 2017, section 3).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_dl.errors import UsageError
from keras_dl.lazy import tf
from keras_dl.learning.objective import ACCURACY, LOSS
from keras_dl.learning.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class NodeClassification(Task):
    """Tell the class of every node."""

    objective = ACCURACY
    monitor = LOSS
    wants = (("nodes",), ("edges",), ("classes",))

    def encoded(self, config, data, like=None):
        data = super().encoded(config, data, like)
        if like is not None and (data.spec.shape, data.spec.classes) != (like.shape, like.classes):
            raise UsageError(
                f"the model tells {like.classes} classes of graphs of {like.shape} nodes and features; "
                f"{data.spec.name} has {data.spec.classes} of {data.spec.shape}"
            )
        return data

    def inputs(self, batch):
        return {name: values for name, values in batch.items() if name != "labels"}

    def prepare(self, batch, key):
        labels = batch["labels"]
        return self.inputs(batch), tf.maximum(labels, 0), tf.cast(labels >= 0, "float32")

    def compiling(self, network, config, options):
        from keras_dl.learning.labels import CrossEntropy, accuracy

        loss = CrossEntropy(label_smoothing=options.label_smoothing, reduction="mean_with_sample_weight")
        return {"loss": loss, "weighted_metrics": [accuracy()]}

    def answers(self, network, config, inputs, spec):
        names = spec.class_names or tuple(map(str, range(spec.classes)))
        return [
            {
                "classes": [names[label] for label in labels],
                "nodes": {names[label]: int(count) for label, count in enumerate(np.bincount(labels)) if count},
            }
            for labels in self.outputs(network, inputs).argmax(axis=-1)
        ]
