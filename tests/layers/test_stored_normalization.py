"""StoredNormalization computes with its weights, whoever changed them."""

import keras
import numpy as np

from keras_dl.layers import StoredNormalization

x = np.random.default_rng(0).normal(3, 2, (64, 5, 4, 3)).astype("float32")


def test_assigned_weights_count():
    model = keras.Sequential([keras.Input((5, 4, 3)), StoredNormalization()])
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    mean, variance, _ = model.weights
    mean.assign([1, 2, 3])
    variance.assign([4, 9, 0.25])
    np.testing.assert_allclose(model.predict(x, verbose=0), (x - [1, 2, 3]) / [2, 3, 0.5], rtol=1e-5, atol=1e-5)


def test_adapted_weights_count_as_in_keras():
    ours, theirs = StoredNormalization(), keras.layers.Normalization()
    ours.adapt(x)
    theirs.adapt(x)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights] == [(3,), (3,), ()]


def test_resized_keeps_equal_channels_and_averages_others():
    donor, same, gray = StoredNormalization(), StoredNormalization(), StoredNormalization()
    donor.adapt(x)
    same.build(x.shape)
    gray.build((*x.shape[:-1], 1))
    for ours, theirs in zip(same.resized(donor), donor.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    mean, variance, _ = gray.resized(donor)
    np.testing.assert_allclose([mean, variance], [[w.mean()] for w in donor.get_weights()[:2]], rtol=1e-6)
