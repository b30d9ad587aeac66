"""Episodes are drawn as they should be, and their logits are the linear classifier that they are known to be."""

import numpy as np
import pytest

from keras_dl import UsageError, get_config, surgery
from keras_dl.data import Split
from keras_dl.lazy import keras
from keras_dl.learning import few_shot


def test_episodes_hold_different_examples_of_each_class():
    labels = np.random.default_rng(0).integers(5, size=200)
    drawn = few_shot.episodes(labels, 50, ways=3, examples=4, seed=1)
    assert drawn.shape == (50, 3, 4)
    for episode in drawn:
        assert len(np.unique(episode)) == 12
        assert all(len(set(labels[row])) == 1 for row in episode)
        assert len(set(labels[episode[:, 0]])) == 3
    assert set(labels[drawn].ravel()) == set(range(5))
    np.testing.assert_array_equal(drawn, few_shot.episodes(labels, 50, ways=3, examples=4, seed=1))
    assert (drawn != few_shot.episodes(labels, 50, ways=3, examples=4, seed=2)).any()


def test_logits_are_a_linear_classifier_but_for_what_all_classes_share():
    """Snell et al. 2017, section 2.4: weights 2 c, bias -c'c."""
    features = np.random.default_rng(0).normal(size=(3, 7, 5)).astype("float32")
    means = features[:, :4].mean(axis=1)
    queries = features[:, 4:].reshape(9, 5)
    linear = 2 * queries @ means.T - (means**2).sum(axis=1)
    logits = np.array(few_shot.episode_logits(features, 4))
    np.testing.assert_allclose(logits, linear - (queries**2).sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-4)


def test_accuracy_counts_nearest_means():
    labels = np.repeat([0, 1], 10)
    features = np.where(labels == 0, 0.0, 10.0)[:, None]
    drawn = few_shot.episodes(labels, 20, ways=2, examples=3, seed=0)
    assert few_shot.accuracy(features, drawn, shots=1) == 1
    swapped = drawn.copy()
    swapped[:, :, 0] = drawn[:, ::-1, 0]
    assert few_shot.accuracy(features, swapped, shots=1) == 0


def test_training_brings_classes_together():
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 20)
    inputs = generator.normal(size=(80, 16)).astype("float32")
    inputs[:, :4] += 1.5 * np.eye(4)[labels]
    keras.utils.set_random_seed(0)
    embedding = surgery.embedding(get_config("mlp", input_shape=(16,), hidden=(16,), activation="linear").build())
    test = few_shot.episodes(labels, 100, ways=4, examples=6, seed=9)
    before = few_shot.accuracy(embedding(inputs).numpy(), test, shots=1)
    drawn = few_shot.episodes(labels, 40, ways=4, examples=6, seed=0)
    optimizer = keras.optimizers.Adam(1e-2)
    few_shot.train_prototypical(embedding, Split.of(inputs, labels), optimizer, drawn, shots=1)
    assert few_shot.accuracy(embedding(inputs).numpy(), test, shots=1) > before + 0.1


def test_episodes_that_cannot_be_drawn():
    labels = np.repeat([0, 1, 2], 5)
    with pytest.raises(UsageError, match="ways must be 2 to 3, the classes there are, got 4"):
        few_shot.episodes(labels, 1, ways=4, examples=2, seed=0)
    with pytest.raises(UsageError, match="an episode takes 6 examples of each class, one has 5"):
        few_shot.episodes(labels, 1, ways=2, examples=6, seed=0)
