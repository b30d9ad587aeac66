"""The logits of episodes are the linear classifier that they are known to be; nearest means are counted."""

import numpy as np
import pytest

from keras_dl import UsageError
from keras_dl.learning import few_shot

SIZE = {"ways": 2, "shots": 1, "queries": 2, "count": 20}


def test_logits_are_a_linear_classifier_but_for_what_all_classes_share():
    """Snell et al. 2017, section 2.4: weights 2 c, bias -c'c."""
    features = np.random.default_rng(0).normal(size=(3, 7, 5)).astype("float32")
    means = features[:, :4].mean(axis=1)
    queries = features[:, 4:].reshape(9, 5)
    linear = 2 * queries @ means.T - (means**2).sum(axis=1)
    logits = np.array(few_shot.episode_logits(features, 4))
    np.testing.assert_allclose(logits, linear - (queries**2).sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-4)


def test_accuracies_count_nearest_means():
    labels = np.repeat([0, 1], 10)
    features = np.where(labels == 0, 0.0, 10.0)[:, None]
    assert (few_shot.accuracies(features, labels, **SIZE, seed=0) == 1).all()
    half = np.where(np.arange(20) % 2 == 0, 0.0, 10.0)[:, None]  # says nothing of the class
    found = few_shot.accuracies(half, labels, **{**SIZE, "count": 400}, seed=0)
    assert abs(found.mean() - 0.5) < 3 * few_shot.interval(found)
    np.testing.assert_array_equal(found[:20], few_shot.accuracies(half, labels, **SIZE, seed=0))
    assert (found[:20] != few_shot.accuracies(half, labels, **SIZE, seed=1)).any()


def test_an_interval_covers_95_of_100_means():
    generator = np.random.default_rng(0)
    draws = generator.binomial(10, 0.7, size=(2000, 100)) / 10
    covered = [abs(row.mean() - 0.7) <= few_shot.interval(row) for row in draws]
    assert 0.93 < np.mean(covered) < 0.97


def test_episodes_that_cannot_be_drawn():
    labels = np.repeat([0, 1, 2], 5)
    with pytest.raises(UsageError, match="ways must be 2 to 3, the classes there are, got 4"):
        few_shot.accuracies(np.zeros((15, 1)), labels, **{**SIZE, "ways": 4}, seed=0)
    with pytest.raises(UsageError, match="an episode takes 6 examples of each class, one has 5"):
        few_shot.accuracies(np.zeros((15, 1)), labels, **{**SIZE, "queries": 5}, seed=0)
