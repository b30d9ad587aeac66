"""Classes named after a few examples each: the nearest class mean in a representation, and one learned for that.

Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017; Taigman, Yang, Ranzato & Wolf,
"DeepFace: Closing the Gap to Human-Level Performance in Face Verification", CVPR 2014, compares faces of people never
trained on in the representation of a network that tells others apart.
"""

from __future__ import annotations

import numpy as np

from keras_dl.data import Split
from keras_dl.errors import UsageError
from keras_dl.lazy import keras, tf


def episodes(labels: np.ndarray, count: int, *, ways: int, examples: int, seed: int) -> np.ndarray:
    """`count` draws of `ways` classes and `examples` of each: indices into `labels` (n,), (count, ways, examples).

    No example is twice in an episode. `seed` decides all. Raises `UsageError` for too few classes or examples.
    """
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if not 2 <= ways <= len(members):
        raise UsageError(f"ways must be 2 to {len(members)}, the classes there are, got {ways}")
    if (fewest := min(map(len, members))) < examples:
        raise UsageError(f"an episode takes {examples} examples of each class, one has {fewest}")
    return np.stack(
        [
            [generator.choice(members[c], examples, replace=False) for c in generator.permutation(len(members))[:ways]]
            for _ in range(count)
        ]
    )


def episode_logits(features, shots: int):
    """Minus the squared distances from the queries of an episode to its class means: logits, (ways * queries, ways).

    `features` are (ways, shots + queries, width); the first `shots` of each class make its mean, its prototype. Queries
    come class by class.
    """
    ops = keras.ops
    prototypes = ops.mean(features[:, :shots], axis=1)
    queries = ops.reshape(features[:, shots:], (-1, features.shape[-1]))
    return -ops.sum(ops.square(queries[:, None] - prototypes[None]), axis=-1)


def accuracy(features: np.ndarray, drawn: np.ndarray, *, shots: int) -> float:
    """The share of the queries of the episodes `drawn`, (count, ways, shots + queries), whose nearest mean is theirs.

    `features` (n, width) are of all examples.
    """
    own = np.repeat(np.arange(drawn.shape[1]), drawn.shape[2] - shots)
    answers = [np.argmax(episode_logits(features[indices], shots), axis=1) for indices in drawn]
    return float(np.mean(answers == own))


def train_prototypical(
    embedding: keras.Model, split: Split, optimizer: keras.optimizers.Optimizer, drawn: np.ndarray, *, shots: int
) -> None:
    """Train `embedding`, inputs to (batch, width), on the cross-entropy of `episode_logits`, a step for each episode.

    `drawn` holds the episodes, (steps, ways, shots + queries) indices of `split`.
    """
    inputs = split.inputs()
    ways, examples = drawn.shape[1:]
    own = tf.repeat(tf.range(ways), examples - shots)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            features = embedding(x, training=True)
            logits = episode_logits(tf.reshape(features, (ways, examples, features.shape[-1])), shots)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(own, logits))
        variables = embedding.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    optimizer.build(embedding.trainable_variables)
    for indices in drawn:
        step(tf.constant(inputs[indices.ravel()]))
