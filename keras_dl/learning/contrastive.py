"""Contrastive learning: two views of a picture belong together, and apart from all others.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020
(SimCLR); Wang & Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
Hypersphere", ICML 2020.
"""

from __future__ import annotations

import math

from keras_dl.lazy import keras


def nt_xent(views, temperature: float = 0.5, hardness: float = 0.0):
    """The mean loss of `views` (2n, width), of which i and n + i are of one picture: SimCLR's algorithm 1.

    Each view must find the other one of its picture among all but itself, by the cosine over `temperature`. With
    `hardness` the 2n - 2 views of other pictures count by the exponential of that times their logits, on average 1:
    Robinson et al., "Contrastive Learning with Hard Negative Samples", ICLR 2021, equation 4 with tau+ = 0.
    """
    ops = keras.ops
    views = _normalized(views)
    count = ops.shape(views)[0]
    cosines = ops.matmul(views, ops.transpose(views)) / temperature
    cosines = cosines - 1e9 * ops.eye(count, dtype=cosines.dtype)
    partners = (ops.arange(count) + count // 2) % count
    if hardness:
        partner = ops.cast(ops.one_hot(partners, count), "bool")
        emphasis = ops.where(partner, -1e9, hardness * cosines)
        mean = ops.logsumexp(emphasis, axis=1, keepdims=True) - ops.log(ops.cast(count - 2, cosines.dtype))
        cosines = ops.where(partner, cosines, cosines + emphasis - mean)
    return ops.mean(keras.losses.sparse_categorical_crossentropy(partners, cosines, from_logits=True))


def alignment(views):
    """The mean squared distance on the unit sphere of the two views of a picture in `views` (2n, width)."""
    first, second = keras.ops.split(_normalized(views), 2)
    return keras.ops.mean(keras.ops.sum(keras.ops.square(first - second), axis=-1))


def uniformity(features):
    """The logarithm of the mean of exp(-2 d^2), d the distance on the unit sphere of two of the `features` (n, width).

    0 where all are one point; the lower, the more evenly they are spread.
    """
    ops = keras.ops
    features = _normalized(features)
    squares = 2 - 2 * ops.matmul(features, ops.transpose(features))
    count = ops.shape(features)[0]
    others = ops.reshape(-2 * squares - 1e9 * ops.eye(count, dtype=squares.dtype), (-1,))
    return ops.logsumexp(others) - math.log(count * (count - 1))


def _normalized(vectors):
    return keras.ops.normalize(vectors, axis=-1)
