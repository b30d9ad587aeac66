"""Mixed labels say exactly what a mixed example consists of."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from keras_dl.augment.mix import MIXES, compose_mix, cutmix, mixup

COUNT = 48
LABELS = np.eye(COUNT, dtype="float32")
SEED = tf.constant([3, 4], "int64")


def test_mixup_weighs_labels_like_inputs():
    inputs, labels = mixup(LABELS, LABELS, SEED)
    np.testing.assert_array_equal(inputs, labels)
    np.testing.assert_allclose(labels.numpy().sum(axis=1), 1, rtol=1e-6)
    assert max((row > 0).sum() for row in labels.numpy()) == 2


def test_mixup_weights_follow_the_beta_distribution():
    twice = np.zeros((20_000, 1), "float32")
    twice[1::2] = 1
    mixed, _ = mixup(twice, twice, SEED)
    weights = mixed.numpy()[(mixed.numpy() > 0) & (mixed.numpy() < 1)]
    assert scipy.stats.kstest(weights, scipy.stats.beta(0.2, 0.2).cdf).statistic < 0.03


def test_cutmix_weighs_labels_by_pixels():
    pictures = np.arange(COUNT, dtype="float32")[:, None, None, None] * np.ones((1, 15, 11, 2), "float32")
    mixed, labels = (value.numpy() for value in cutmix(pictures, LABELS, SEED))
    shares = np.stack([np.bincount(picture[..., 0].ravel().astype(int), minlength=COUNT) for picture in mixed]) / 165
    np.testing.assert_allclose(labels, shares, atol=1e-6)
    assert 0.4 < np.diag(labels).mean() < 0.9
    for own, picture in enumerate(mixed[..., 0]):
        rows, columns = np.nonzero(picture != own)
        if rows.size:
            box = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert len(np.unique(box)) == 1 and box.size == rows.size


@pytest.mark.parametrize("names", [("mixup",), ("cutmix",), ("mixup", "cutmix")])
def test_compose_mix_makes_soft_labels(names):
    pictures = np.random.default_rng(0).uniform(0, 255, (8, 6, 6, 1)).astype("float32")
    mix = compose_mix(names, 3)
    batch = [0, 1, 2, 0, 1, 2, 0, 1]
    inputs, labels = mix(pictures, tf.constant(batch, "int64"), SEED)
    again, _ = mix(pictures, tf.constant(batch, "int64"), SEED)
    assert (inputs.shape, labels.shape, labels.dtype) == ((8, 6, 6, 1), (8, 3), tf.float32)
    np.testing.assert_array_equal(inputs, again)
    np.testing.assert_allclose(labels.numpy().sum(axis=1), 1, rtol=1e-6)
    assert not np.array_equal(labels, tf.one_hot(batch, 3))


def test_no_names_mix_nothing():
    assert compose_mix((), 3) is None
    assert set(MIXES) == {"mixup", "cutmix"}
