"""Domain-adversarial networks: features from which a class can be read, but not the domain of the example.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016, sections 4.2 and 5.2.2.
"""

from __future__ import annotations

import math

from keras_dl import surgery
from keras_dl.lazy import LazyModule, keras

layers = LazyModule("keras_dl.layers")


def with_domain_head(model: keras.Model, units: int) -> keras.Model:
    """A network for training: `model`, whose weights it shares, and a perceptron that tells the domain of its features.

    Inputs to (batch, classes + 1): the logits of `model`, then one for "from the target". The perceptron, with one
    hidden layer of `units`, reads the embedding through the layer "reversal", whose factor is 0 at first.
    """
    x = layers.GradientReversal(0.0, name="reversal")(surgery.embedding(model).output)
    x = keras.layers.Dense(units, activation="relu", name="domain_dense")(x)
    domain = keras.layers.Dense(1, name="domain")(x)
    outputs = keras.layers.Concatenate(name="class_and_domain")([model.output, domain])
    return keras.Model(model.input, outputs, name=f"{model.name}_domain_adversarial")


def domain_adversarial_loss(labels, outputs):
    """The cross-entropy of the classes in the source plus that of the domains, one number for each example.

    `labels` (batch,) are those of the source, -1 in the target; `outputs` are of `with_domain_head`. The mean over the
    batch is the mean of the first over the source plus the mean of the second over all; a batch needs both domains.
    """
    ops = keras.ops
    labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
    logits, domain = outputs[:, :-1], outputs[:, -1]
    source = ops.cast(labels >= 0, logits.dtype)
    classes = keras.losses.sparse_categorical_crossentropy(ops.maximum(labels, 0), logits, from_logits=True)
    domains = ops.softplus(domain) - (1 - source) * domain
    return classes * source / ops.mean(source) + domains


def strength(progress: float) -> float:
    """The factor of the reversal at `progress` 0..1 of a training, from 0 to almost 1 (equation of section 5.2.2)."""
    return 2 / (1 + math.exp(-10 * progress)) - 1
