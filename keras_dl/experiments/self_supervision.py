"""Four tasks that pictures set by themselves, each ready to train: what to show, what to want, and how well it goes.

Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020 (SimCLR); Gidaris,
Singh & Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018; He et al., "Masked
Autoencoders Are Scalable Vision Learners", CVPR 2022; Caron et al., "Deep Clustering for Unsupervised Learning of
Visual Features", ECCV 2018.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_dl.analysis.probe import features
from keras_dl.data import Data
from keras_dl.lazy import keras, tf
from keras_dl.learning import contrastive, pretext
from keras_dl.training.order import random_order

LOOKED_AT = 2000
"""test pictures, at most, whose alignment and uniformity are measured"""
SHOWN = 6
"""test pictures that are kept as imputed"""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """`inputs` (n, height, width, channels) and `targets` (n, ...), of which `order` (steps, batch) holds the indices.

    `look()` tells what the task says of test pictures, as JSON holds it; it belongs before and after each part of a
    training, since there the clusters are found anew.
    """

    inputs: np.ndarray
    targets: np.ndarray
    order: np.ndarray
    look: Callable[[], dict[str, Any]]


def views(model: keras.Model, data: Data, order: np.ndarray, *, change: Callable, seed: int) -> Task:
    """Find the other view: for the loss `contrastive.nt_xent` of what `model` makes of each batch.

    Each row of `order`, indices of training pictures, comes twice; the training must `change` every picture by itself,
    as one of `augment.image.compose` does. Looks at "alignment" and "uniformity".
    """
    pictures, test = data.train.inputs(), data.test.inputs()[:LOOKED_AT]
    pairs = change(tf.tile(test, (2, 1, 1, 1)), tf.constant([seed, 1], "int64")).numpy()

    def look():
        alignment = contrastive.alignment(features(model, pairs))
        return {"alignment": float(alignment), "uniformity": float(contrastive.uniformity(features(model, test)))}

    return Task(inputs=pictures, targets=np.zeros(len(pictures)), order=np.tile(order, (1, 2)), look=look)


def rotation(model: keras.Model, data: Data, order: np.ndarray) -> Task:
    """Name the turn, of four: each batch holds all turns of the training pictures in the row of `order`.

    `model` gives 4 logits. Looks at the share that is "right".
    """
    (inputs, turns), (shown, answers) = (pretext.turned(split.inputs()) for split in (data.train, data.test))
    order = np.concatenate([order + quarter * len(data.train) for quarter in range(4)], axis=1)

    def look():
        return {"right": float(np.mean(features(model, shown).argmax(axis=1) == answers))}

    return Task(inputs=inputs, targets=turns, order=order, look=look)


def imputation(
    model: keras.Model, data: Data, steps: int, batch_size: int, *, share: float, patch: int, masks: int, seed: int
) -> Task:
    """Say what is hidden: for `pretext.imputation_loss`, each training picture with so many `masks`.

    The mean of the training pictures stands where patches are hidden, see `pretext.hidden`. `model` gives all pixels.
    Looks at the "error", the squared error over that of the mean, and keeps "pictures": test pictures (`SHOWN`,
    pixels) as they are, hidden, and imputed.
    """
    train, generator = data.train.inputs(), np.random.default_rng(seed)
    hide = functools.partial(pretext.masked, fill=train.mean(axis=0), share=share, patch=patch, generator=generator)
    (inputs, targets), (shown, answers) = hide(np.tile(train, (masks, 1, 1, 1))), hide(data.test.inputs())
    flat = shown.reshape(len(shown), -1) / 255

    def look():
        guesses = features(model, shown)
        error, of_mean = (np.mean(pretext.imputation_loss(answers, pixels)) for pixels in (guesses, flat))
        pictures = [answers[:, 0], flat, np.where(answers[:, 1] == 1, guesses, flat)]
        return {"error": float(error / of_mean), "pictures": [np.round(x[:SHOWN], 3).tolist() for x in pictures]}

    return Task(
        inputs=inputs, targets=targets, order=random_order(len(inputs), steps, batch_size, generator), look=look
    )


def clustering(model: keras.Model, encoder: keras.Model, data: Data, order: np.ndarray, *, seed: int) -> Task:
    """Name the cluster: DeepCluster, whose clusters of what `encoder` makes of training pictures are the targets.

    `model` ends in the dense layer "task", a logit for each cluster. Each look finds the clusters anew, in `targets`
    itself, and begins that layer anew, since the names of clusters mean nothing. It looks at the "information", that
    of clusters and classes, normalized, and at the pictures in the "smallest".
    """
    from sklearn.metrics import normalized_mutual_info_score

    pictures, names, head = data.train.inputs(), np.zeros(len(data.train), "int64"), model.get_layer("task")

    def look():
        names[:] = pretext.clusters(features(encoder, pictures), head.units, seed)
        head.set_weights([keras.initializers.GlorotUniform(seed)(head.kernel.shape), np.zeros(head.units)])
        information = float(normalized_mutual_info_score(data.train.labels, names))
        return {"information": information, "smallest": int(np.bincount(names, minlength=head.units).min())}

    return Task(inputs=pictures, targets=names, order=order, look=look)
