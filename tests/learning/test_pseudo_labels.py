"""The loss of pseudo-labels against its definition, and where its gradient goes."""

import numpy as np
import pytest
import scipy.special

from keras_dl.lazy import tf
from keras_dl.learning.pseudo_labels import pseudo_label_loss, ramp

LABELS = np.array([2, 0, -1, -1, -1])
LOGITS = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


@pytest.mark.parametrize("weight", [0.0, 0.5, 3.0])
def test_is_the_mean_with_labels_and_a_share_of_the_mean_without(weight):
    logs = scipy.special.log_softmax(LOGITS, axis=1)
    expected = -(logs[0, 2] + logs[1, 0]) / 2 - weight * logs[2:].max(axis=1).mean()
    assert np.mean(pseudo_label_loss(lambda: weight)(LABELS, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_answers_are_taken_as_labels():
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_mean(pseudo_label_loss(lambda: 3.0)(LABELS, logits))
    own = np.eye(4)[LOGITS.argmax(axis=1)]
    expected = (scipy.special.softmax(LOGITS, axis=1) - own)[2:] * 3 / 3
    np.testing.assert_allclose(tape.gradient(loss, logits)[2:], expected, atol=1e-6)


def test_the_weight_grows_between_start_and_end():
    found = [float(ramp(step, start=100, end=600, final=3)) for step in (0, 100, 350, 600, 9000)]
    assert found == pytest.approx([0, 0, 1.5, 3, 3])
