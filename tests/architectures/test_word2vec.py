"""Word vectors: their number, the scores by their definition, the loss of pairs and one step's gradients in numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_numpy import random_weights

import keras_dl
from keras_dl.learning.negative_sampling import NegativeSampling


def test_it_is_as_large_as_published():
    assert keras_dl.describe("word2vec_sgns").parameters == 28_516_400 == 2 * 71_291 * 200
    assert keras_dl.describe("word2vec_sgns", vocabulary_size=1_000_000, width=300).parameters == 600_000_000
    assert keras_dl.describe("word2vec_sgns").multiply_adds == 60 * 200


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("inputs", "targets"), [(1, 12), (4, 3)], ids=["skip_gram", "cbow"])
def test_loss_and_gradients_are_those_of_the_definition(inputs, targets):
    """A step of a batch in which words are there twice, pads and a row without any word."""
    config = keras_dl.get_config("word2vec_sgns", vocabulary_size=9, width=5, inputs=inputs, targets=targets)
    network = config.build()
    weights = random_weights(network)
    vectors, others = (weights[f"{name}/embeddings"] for name in ("embedding", "head"))
    generator = np.random.default_rng(0)
    words = generator.integers(1, 9, (6, inputs)).astype("int32")
    words[0, 1:] = words[1] = 0
    right = generator.integers(1, 9, (6, targets)).astype("int32")
    y = (generator.random((6, targets)) < 0.3).astype("float32")
    y[2] = 1
    drop = (generator.random((6, targets)) < 0.7).astype("float32")
    drop[1] = 0

    loss, grad_in, grad_out = 0.0, np.zeros_like(vectors), np.zeros_like(others)
    pairs = (y * drop).sum()
    for row in range(6):
        there = words[row][words[row] > 0]
        mean = vectors[there].mean(axis=0) if len(there) else np.zeros(5)
        for target, true, weight in zip(right[row], y[row], drop[row], strict=True):
            score = others[target] @ mean
            loss -= weight * np.log(sigmoid(score) if true else sigmoid(-score)) / pairs
            slope = weight * (sigmoid(score) - true) / pairs
            grad_out[target] += slope * mean
            for word in there:
                grad_in[word] += slope * others[target] / len(there)

    learner = NegativeSampling(network)
    x = {"token_ids": words, "target_token_ids": right}
    with tf.GradientTape() as tape:
        found = learner.named_losses(x, y, network(x), drop, True)["pair_loss"]
    table_in, table_out = (network.get_layer(name).embeddings for name in ("embedding", "head"))
    slopes = tape.gradient(found, [table_in.value, table_out.value])
    assert all(isinstance(slope, tf.IndexedSlices) for slope in slopes), "a step costs the whole vocabulary"
    assert float(found) == pytest.approx(loss, rel=1e-5)
    for slope, expected in zip(slopes, (grad_in, grad_out), strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(slope), expected, rtol=1e-4, atol=1e-6)
    before = table_in.numpy()
    keras.optimizers.SGD(0.5).apply(slopes, [table_in, table_out])
    np.testing.assert_allclose(table_in.numpy(), before - 0.5 * grad_in, rtol=1e-4, atol=1e-5)
