"""The loss against its definition, and who learns what from it."""

import numpy as np
import pytest
import scipy.special

from keras_dl import get_config
from keras_dl.lazy import keras, tf
from keras_dl.learning.domain_adversarial import domain_adversarial_loss, strength, with_domain_head

LABELS = np.array([1, 0, 2, -1, -1])


def test_is_the_cross_entropy_of_classes_and_of_domains():
    outputs = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    logs = scipy.special.log_softmax(outputs[:3, :3], axis=1)
    target = scipy.special.expit(outputs[:, 3])
    classes = -np.mean([logs[0, 1], logs[1, 0], logs[2, 2]])
    domains = -np.mean(np.log([*(1 - target[:3]), *target[3:]]))
    assert np.mean(domain_adversarial_loss(LABELS, outputs)) == pytest.approx(classes + domains, rel=1e-5)


def test_features_learn_the_contrary_of_the_domain_head():
    keras.utils.set_random_seed(0)
    base = get_config("vanilla_nn").build()
    model = with_domain_head(base, 8)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_array_equal(model(x)[:, :-1], base(x))

    def gradients(factor):
        model.get_layer("reversal").factor.assign(factor)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(domain_adversarial_loss(LABELS, model(x)))
        found = tape.gradient(loss, model.trainable_variables)
        return {v.path: g.numpy() for v, g in zip(model.trainable_variables, found, strict=True)}

    none, one, two = gradients(0.0), gradients(1.0), gradients(2.0)
    for path, gradient in one.items():
        if "stage1" in path:
            assert np.abs(gradient - none[path]).max() > 1e-4
            np.testing.assert_allclose(two[path] - none[path], 2 * (gradient - none[path]), atol=1e-6)
        else:
            np.testing.assert_allclose(gradient, none[path], atol=1e-7)


def test_the_strength_grows_from_nothing_to_almost_one():
    assert strength(0) == 0
    assert strength(0.5) == pytest.approx(np.tanh(2.5))
    assert strength(1) == pytest.approx(0.99991, abs=1e-5)
