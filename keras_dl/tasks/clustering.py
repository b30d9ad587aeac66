"""Clustering: tell the cluster of a picture, where clusters are those of the network's own features; no labels.

Caron, Bojanowski, Joulin & Douze, "Deep Clustering for Unsupervised Learning of Visual Features", ECCV 2018
(DeepCluster). Before each epoch the features of all training pictures, what the head reads, are whitened and clustered
by k-means, and a head with new weights learns to tell the clusters from changed pictures. What is found is a function
of the seed, the epoch and the weights. The paper takes ten times as many clusters as there are classes to be found,
and a Sobel filter before the network, which is left out here.

The loss is measured against clusters that the training itself has made, and is high whenever they are new: compare it
only between epochs as far from that. A schedule whose rate falls to 0 leaves the last head as it began; the features
do not suffer. What the network is worth is told by scores, where there are labels: "linear_probe", as in contrastive
learning, and "nmi", the mutual information of its answers and the classes over the mean of their entropies: 0 when they
are independent, 1 when they are the same. It grows by chance, too, where there are few pictures for each cluster.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

from keras_dl.augment.image import compose
from keras_dl.errors import UsageError
from keras_dl.fields import Count, at_least
from keras_dl.lazy import tf
from keras_dl.learning.objective import LOSS
from keras_dl.learning.task import Task
from keras_dl.tasks.classification import judged


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clustering(Task):
    """Tell which cluster of its own features a picture belongs to."""

    objective = LOSS
    wants = (("image",),)
    needs_classes = True

    clusters: Annotated[int, at_least(2)] = 100
    """groups that the pictures are parted into, and outputs of the network"""
    reassign: Count = 1
    """epochs after which the clusters are found anew; more than one where epochs have few steps"""
    changes: tuple[str, ...] = ("crop", "flip")
    """what is done at random to the pictures that the network learns from, as in `--augment`"""

    def adapt(self, config, data):
        config, data = super().adapt(config, data)
        if (count := len(data.train)) < self.clusters:
            raise UsageError(f"clusters={self.clusters} are more than the {count:,} training pictures")
        compose(self.changes, config.input_shape[-1])  # refuses what it cannot do
        return config.replace(classes=self.clusters), data

    def inputs(self, batch):
        return {"image": batch["image"]}

    def prepare(self, batch, key):
        pictures = batch["image"]
        change = None if key is None else compose(self.changes, pictures.shape[-1])
        seen = pictures if change is None else change(pictures, key)
        return tf.stack([pictures, seen], axis=1), tf.zeros(tf.shape(pictures)[0])

    def learner(self, network, config, options):
        from keras_dl.learning.clustered import Clustered

        return Clustered(network, config.build(), judged(config, options)["loss"], self.reassign)

    def example(self, network, count):
        x, y = super().example(network, count)
        return x[:, None].repeat(2, axis=1), y.astype("float32")

    def scores(self, network, config, split, spec):
        from sklearn.metrics import normalized_mutual_info_score

        from keras_dl.learning.probe import outputs, probed

        found = probed(network, config, split)
        if found:
            labels, answers = split.labels, outputs(network, split).argmax(axis=1)
            found["nmi"] = float(normalized_mutual_info_score(labels[labels >= 0], answers[labels >= 0]))
        return found

    def answers(self, network, config, inputs, spec):
        return [{"cluster": int(row.argmax())} for row in self.outputs(network, inputs)]
