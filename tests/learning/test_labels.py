"""Losses and accuracy take whole-number and soft labels alike."""

import keras
import numpy as np
import pytest

from keras_dl import UsageError, get_config
from keras_dl.data import load
from keras_dl.learning.labels import CrossEntropy, accuracy, hits
from keras_dl.learning.squared_error import OneHotSquaredError
from keras_dl.training import Options, fit, seed_everything

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(size=(6, 4)).astype("float32")
LABELS = np.array([0, 3, 1, 2, 2, 1])
SOFT = GENERATOR.dirichlet(np.ones(4), 6).astype("float32")


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("soft", [False, True])
def test_losses_equal_their_definitions(smoothing, soft):
    shares = SOFT if soft else np.eye(4)[LABELS]
    shares = (1 - smoothing) * shares + smoothing / 4
    given = SOFT if soft else LABELS
    expected = -(shares * log_softmax(LOGITS)).sum(axis=1).mean()
    losses = {
        CrossEntropy(label_smoothing=smoothing): (LOGITS, expected),
        CrossEntropy(from_logits=False, label_smoothing=smoothing): (np.exp(log_softmax(LOGITS)), expected),
        OneHotSquaredError(low=-1.0, label_smoothing=smoothing): (
            np.tanh(LOGITS),
            ((2 * shares - 1 - np.tanh(LOGITS)) ** 2).sum(axis=1).mean(),
        ),
    }
    for loss, (outputs, value) in losses.items():
        assert float(loss(given, outputs)) == pytest.approx(value, rel=1e-5)
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert float(copy(given, outputs)) == float(loss(given, outputs))
        if not soft:
            assert float(loss(LABELS[:, None], outputs)) == float(loss(LABELS, outputs))


def test_labels_of_pixels():
    outputs, labels = GENERATOR.normal(size=(2, 3, 3, 4)).astype("float32"), GENERATOR.integers(0, 4, (2, 3, 3))
    expected = -np.take_along_axis(log_softmax(outputs), labels[..., None], axis=-1).mean()
    assert float(CrossEntropy()(labels, outputs)) == pytest.approx(expected, rel=1e-5)
    assert np.array_equal(hits(labels, outputs), outputs.argmax(axis=-1) == labels)


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], SOFT])
def test_accuracy_counts_the_largest(labels):
    metric = accuracy()
    metric.update_state(labels, LOGITS)
    truth = SOFT.argmax(axis=1) if labels is SOFT else LABELS
    assert float(metric.result()) == pytest.approx((LOGITS.argmax(axis=1) == truth).mean())


def halves(x, y, key):
    """Every example mixed in equal parts with its neighbour."""
    import tensorflow as tf

    y = tf.one_hot(y, 10)
    return (x + tf.roll(x, 1, axis=0)) / 2, (y + tf.roll(y, 1, axis=0)) / 2


def test_mixed_examples_are_trained_on_and_whole_ones_validated(tmp_path):
    data, options = load("digits"), Options(epochs=5, learning_rate=0.01)
    config = get_config("linear_softmax").for_data(data.spec)
    seed_everything(options)
    rows = fit(config.build(), config, data, options, tmp_path, mix=halves, verbose=0)
    assert rows[-1]["val_accuracy"] > 0.75
    assert rows[-1]["loss"] > 0.9 * np.log(2)  # nine pairs of ten are of two classes in equal parts: log 2 each
    with pytest.raises(UsageError, match="mixed labels need an output per class"):
        single = config.replace(classes=1)
        fit(single.build(), single, data, options, tmp_path, mix=halves)
